#include "tests/crash/kill/kill_schedule.hpp"

#include <fmt/format.h>

#include <array>

namespace pgmirror::tests {

KillSchedule::Kill KillSchedule::next() {
  Kill kill;
  const auto who = below(100);
  if (who >= 65) kill.victim = Victim::mirror;
  if (who >= 80) kill.victim = Victim::application;
  if (who >= 90) kill.victim = Victim::agent_and_mirror;
  // A third while starting, a third soon after something was applied, a third at any time.
  const auto when = below(3);
  kill.after = when == 1 ? After::progress : After::start;
  constexpr std::array most_delay{80U, 300U, 1500U};
  kill.delay = std::chrono::milliseconds{below(most_delay[when])};
  constexpr std::array tables{"--all", "account", "history", "ledger"};
  const auto resync = below(28);
  if (kill.after == After::progress && resync < tables.size()) kill.resync = tables[resync];
  return kill;
}

std::string to_string(const KillSchedule::Kill& kill) {
  constexpr std::array victims{"agent", "mirror", "application", "agent and mirror"};
  return fmt::format("{} {} ms after {}{}", victims[static_cast<std::size_t>(kill.victim)], kill.delay.count(),
                     kill.after == KillSchedule::After::start ? "the last kill" : "progress",
                     kill.resync ? " and resync " + *kill.resync : "");
}

}  // namespace pgmirror::tests
