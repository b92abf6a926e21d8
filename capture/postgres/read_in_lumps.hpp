#pragma once

#include <chrono>

namespace pgmirror::capture::postgres {

/// How long to wait on a socket whose sender writes one small message after the other.
///
/// A reader that is woken for each message makes the sender three times slower than it need be, so while data flows the
/// socket counts as readable only when much has come, or a millisecond has passed. After a pause the first byte wakes
/// again. One thread.
class ReadInLumps {
 public:
  explicit ReadInLumps(int socket) : socket_(socket) {}

  /// Whether to read though the socket does not say that it is readable.
  bool flowing() const { return quiet_reads_ < reads_until_quiet; }
  static constexpr std::chrono::milliseconds longest_wait{1};

  /// To be told of each read, whether there was anything.
  void read(bool anything);
  /// Somebody else reads from here on, and waits for single bytes.
  void end();

 private:
  static constexpr int reads_until_quiet = 3;
  void wake_at(int bytes) const;

  int socket_;
  int quiet_reads_ = reads_until_quiet;
};

}  // namespace pgmirror::capture::postgres
