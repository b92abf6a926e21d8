#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

namespace pgmirror::tests {

/// Who is killed next, and when: everything follows from the seed.
class KillSchedule {
 public:
  explicit KillSchedule(std::uint32_t seed) : chance_(seed) {}

  enum class Victim : std::uint8_t { agent, mirror, application, agent_and_mirror };
  /// From when on the delay counts.
  enum class After : std::uint8_t { start, progress };
  struct Kill {
    Victim victim = Victim::agent;
    After after = After::start;
    std::chrono::milliseconds delay{0};
    /// Ordered before: `--all` or a table; copies are killed too.
    std::optional<std::string> resync{};
  };
  Kill next();

 private:
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(chance_() % limit); }

  std::mt19937 chance_;
};

std::string to_string(const KillSchedule::Kill& kill);

}  // namespace pgmirror::tests
