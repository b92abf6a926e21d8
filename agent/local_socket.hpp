#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>

namespace pgmirror::agent {

/// The other side of a local socket is not there, is gone, or takes longer than it may.
class LocalSocketError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A Unix stream socket that speaks in lines and never waits longer than it was told to.
///
/// Plain POSIX with poll() rather than Asio: a handful of connections with a deadline each is less code so, and a
/// blocking thread per connection needs no states. Paths longer than a socket address holds work too. One thread.
class LocalSocket {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// Binds `path` with mode 0600 and listens; a socket that stands there from a dead process is replaced, so the caller
  /// must know that no other process owns the place. Throws std::system_error, LocalSocketError when something else
  /// than a socket stands there.
  static LocalSocket listen(const std::filesystem::path& path);
  /// Throws LocalSocketError when nobody listens there.
  static LocalSocket connect(const std::filesystem::path& path);

  ~LocalSocket();
  LocalSocket(LocalSocket&& other) noexcept;
  LocalSocket& operator=(LocalSocket&&) = delete;

  /// The next connection; none when `stop` was requested. Throws std::system_error.
  std::optional<LocalSocket> accept(const std::stop_token& stop);

  /// Effective user of the process at the other end, as the kernel knows it.
  uid_t peer_user() const;

  /// A line without its end; none when the other side closed before it. Throws LocalSocketError after `deadline` and
  /// for a line longer than `most_bytes`.
  std::optional<std::string> read_line(std::size_t most_bytes, Deadline deadline);
  /// Throws LocalSocketError after `deadline`, or when the other side is gone.
  void write_line(std::string_view line, Deadline deadline);
  /// Whether the other side has hung up. Does not block.
  bool peer_is_gone() const;

 private:
  explicit LocalSocket(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
  std::string received_;  ///< read, but not yet asked for
};

}  // namespace pgmirror::agent
