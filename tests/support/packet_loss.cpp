#include "tests/support/packet_loss.hpp"

#include <linux/filter.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace pgmirror::tests {

void lose_packets(int socket, unsigned per_thousand) {
  constexpr std::uint32_t whole_packet = 0xffffffff;
  const auto limit = static_cast<std::uint32_t>(0xffffffffULL * per_thousand / 1000);
  std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, limit, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, whole_packet),
  }};
  if (per_thousand >= 1000) program[0] = program[2];
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  if (::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) {
    throw std::system_error(errno, std::generic_category(), "a socket cannot be made to lose packets");
  }
}

}  // namespace pgmirror::tests
