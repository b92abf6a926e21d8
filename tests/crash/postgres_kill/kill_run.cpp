#include "tests/crash/postgres_kill/kill_run.hpp"

#include <charconv>
#include <string_view>

namespace pgmirror::tests {
namespace {

constexpr std::uint32_t usual_kills = 20;

}  // namespace

bool KillRun::goes_on(std::uint32_t killed, std::chrono::steady_clock::time_point began) const {
  if (duration && std::chrono::steady_clock::now() - began >= *duration) return false;
  if (kills) return killed < *kills;
  return duration || killed < usual_kills;
}

std::optional<KillRun> KillRun::read(int count, char** arguments) {
  KillRun run;
  for (int i = 1; i < count; i += 2) {
    if (i + 1 == count) return std::nullopt;
    const std::string_view option(arguments[i]);
    const std::string_view digits(arguments[i + 1]);
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    if (option == "--minutes") {
      run.duration = std::chrono::minutes{number};
    } else if (option == "--kills") {
      run.kills = number;
    } else if (option == "--seed") {
      run.seed = number;
    } else {
      return std::nullopt;
    }
  }
  return run;
}

}  // namespace pgmirror::tests
