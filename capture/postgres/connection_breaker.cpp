#include "capture/postgres/connection_breaker.hpp"

#include <sys/socket.h>

namespace pgmirror::capture::postgres {

void ConnectionBreaker::guard(int socket) {
  const std::lock_guard lock(mutex_);
  socket_ = socket;
}

void ConnectionBreaker::break_connection() {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

}  // namespace pgmirror::capture::postgres
