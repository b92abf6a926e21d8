#pragma once

#include <mutex>

namespace pgmirror::capture::postgres {

/// Ends a connection's call that waits for the server, from another thread: it fails as when the network breaks.
class ConnectionBreaker {
 public:
  /// The connection's thread: from here on, until release(), `socket` is open.
  void guard(int socket);
  void release() { guard(-1); }

  /// The same for as long as it lives.
  class Guard {
   public:
    Guard(ConnectionBreaker& breaker, int socket) : breaker_(breaker) { breaker_.guard(socket); }
    ~Guard() { breaker_.release(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    ConnectionBreaker& breaker_;
  };

  /// Any thread.
  void break_connection();

 private:
  std::mutex mutex_;
  int socket_ = -1;
};

}  // namespace pgmirror::capture::postgres
