#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace pgmirror::tests {

/// What the command line asks for: `--minutes N --kills N --seed N`. Without anything 20 kills; with minutes alone as
/// many as fit.
struct KillRun {
  std::optional<std::chrono::minutes> duration{};
  std::optional<std::uint32_t> kills{};
  std::uint32_t seed = 20261120;

  bool goes_on(std::uint32_t killed, std::chrono::steady_clock::time_point began) const;

  /// Nothing where the arguments make no sense.
  static std::optional<KillRun> read(int count, char** arguments);
};

}  // namespace pgmirror::tests
