#include "capture/postgres/read_in_lumps.hpp"

#include <sys/socket.h>

namespace pgmirror::capture::postgres {
namespace {

constexpr int lump_bytes = 64 << 10;
/// In a millisecond: some thousand transactions a second.
constexpr std::size_t much = 2000;

bool is_unix_socket(int socket) {
  int domain = AF_UNSPEC;
  socklen_t size = sizeof domain;
  return ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

}  // namespace

ReadInLumps::ReadInLumps(int socket) : socket_(socket), wakes_for_each_message_(is_unix_socket(socket)) {}

void ReadInLumps::read(std::size_t bytes) {
  const bool was_flowing = flowing();
  quiet_reads_ = bytes > 0 ? 0 : quiet_reads_ + 1;
  // As much in each millisecond of the wait; half of it to stay, so that it does not go to and fro.
  much_ = bytes >= (much_ ? 2 * much : much);
  if (flowing() != was_flowing) wake_at(flowing() ? lump_bytes : 1);
}

void ReadInLumps::end() {
  if (flowing()) wake_at(1);
  quiet_reads_ = reads_until_quiet;
}

/// Sockets that do not know the option wake at each byte, which is right too.
void ReadInLumps::wake_at(int bytes) const { ::setsockopt(socket_, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes); }

}  // namespace pgmirror::capture::postgres
