#pragma once

#include <chrono>
#include <cstddef>

namespace pgmirror::capture::postgres {

/// How long to wait on a socket whose sender writes one small message after the other.
///
/// A reader that is woken for each message makes the sender three times slower than it need be, so while data flows the
/// socket counts as readable only when much has come, or a millisecond has passed; some milliseconds where much comes
/// in one. A Unix socket knows no such thing as much (SO_RCVLOWAT has no effect): there a reader of small messages does
/// not wait for it at all. After a pause the first byte wakes again. One thread.
class ReadInLumps {
 public:
  explicit ReadInLumps(int socket);

  /// Whether to read though the socket does not say that it is readable.
  bool flowing() const { return quiet_reads_ < reads_until_quiet; }
  /// Whether to let the time pass alone, since the socket would wake for each message.
  bool naps() const { return flowing() && !much_ && wakes_for_each_message_; }
  std::chrono::milliseconds longest_wait() const { return std::chrono::milliseconds{much_ ? 4 : 1}; }

  /// To be told of each read, how much there was.
  void read(std::size_t bytes);
  /// Somebody else reads from here on, and waits for single bytes.
  void end();

 private:
  static constexpr int reads_until_quiet = 3;
  void wake_at(int bytes) const;

  int socket_;
  bool wakes_for_each_message_;
  int quiet_reads_ = reads_until_quiet;
  bool much_ = false;
};

}  // namespace pgmirror::capture::postgres
