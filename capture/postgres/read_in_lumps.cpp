#include "capture/postgres/read_in_lumps.hpp"

#include <sys/socket.h>

namespace pgmirror::capture::postgres {
namespace {

constexpr int lump_bytes = 64 << 10;

}  // namespace

void ReadInLumps::read(bool anything) {
  const bool was_flowing = flowing();
  quiet_reads_ = anything ? 0 : quiet_reads_ + 1;
  if (flowing() != was_flowing) wake_at(flowing() ? lump_bytes : 1);
}

void ReadInLumps::end() {
  if (flowing()) wake_at(1);
  quiet_reads_ = reads_until_quiet;
}

/// Sockets that do not know the option wake at each byte, which is right too.
void ReadInLumps::wake_at(int bytes) const { ::setsockopt(socket_, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes); }

}  // namespace pgmirror::capture::postgres
