#include "tests/support/packet_loss.hpp"

#include <linux/filter.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

namespace pgmirror::tests {

namespace {

/// The socket is its standard input, since sudo closes everything else.
void lose_packets_as_root(int socket, unsigned per_thousand) {
  const std::string helper = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "lose_packets";
  const std::string share = std::to_string(per_thousand);
  std::array<const char*, 5> arguments{"sudo", "-n", helper.c_str(), share.c_str(), nullptr};
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
  pid_t child = 0;
  const int refused =
      ::posix_spawnp(&child, arguments[0], &actions, nullptr, const_cast<char* const*>(arguments.data()), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (refused != 0) throw std::system_error(refused, std::generic_category(), "sudo");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status == 0) return;
  throw std::system_error(EPERM, std::generic_category(),
                          "only root can make a socket lose packets here, and sudo did not run " + helper);
}

}  // namespace

void lose_packets(int socket, unsigned per_thousand) {
  try {
    lose_packets_here(socket, per_thousand);
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::operation_not_permitted || ::geteuid() == 0) throw;
    lose_packets_as_root(socket, per_thousand);
  }
}

void lose_packets_here(int socket, unsigned per_thousand) {
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
