#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

namespace pgmirror::tests {

/// Who is killed next, and when: everything follows from the seed.
class KillPlan {
 public:
  explicit KillPlan(std::uint32_t seed) : chance_(seed) {}

  /// From when on the delay counts.
  enum class After : std::uint8_t { kill, progress };
  struct Kill {
    bool agent = false;
    bool source = false;
    bool mirror = false;
    /// Otherwise it comes up last, when the servers are there again.
    bool agent_comes_up_first = false;
    After after = After::kill;
    std::chrono::milliseconds delay{0};
    /// Ordered before: `--all` or a table; copies are killed too.
    std::optional<std::string> resync{};
  };
  Kill next();

 private:
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(chance_() % limit); }

  std::mt19937 chance_;
};

/// `agent and source`.
std::string victims(const KillPlan::Kill& kill);
std::string to_string(const KillPlan::Kill& kill);

}  // namespace pgmirror::tests
