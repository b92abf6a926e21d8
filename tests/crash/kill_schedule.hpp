#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace pgmirror::tests {

/// Who is killed at once.
struct Victims {
  bool agent = false;
  bool source = false;
  bool mirror = false;
  bool application = false;
};

/// `agent and source`.
std::string to_string(const Victims& victims);

/// Who is killed next, and when: everything follows from the seed.
class KillSchedule {
 public:
  struct Odds {
    std::uint32_t percent;
    Victims victims;
  };
  /// `who`: a hundred percent in all. `orders`: what may be ordered to be copied again, `--all` or a table.
  KillSchedule(std::uint32_t seed, std::vector<Odds> who, std::vector<std::string> orders);

  /// From when on the delay counts.
  enum class After : std::uint8_t { kill, progress };
  struct Kill {
    Victims victims{};
    /// Otherwise it comes up last, when the servers are there again.
    bool agent_comes_up_first = false;
    After after = After::kill;
    std::chrono::milliseconds delay{0};
    std::optional<std::string> resync{};  ///< ordered before: copies are killed too
  };
  Kill next();

 private:
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(chance_() % limit); }
  Victims victims();

  std::mt19937 chance_;
  const std::vector<Odds> who_;
  const std::vector<std::string> orders_;
};

std::string to_string(const KillSchedule::Kill& kill);

}  // namespace pgmirror::tests
