#include "tests/crash/kill_schedule.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace pgmirror::tests {

KillSchedule::KillSchedule(std::uint32_t seed, std::vector<Odds> who, std::vector<std::string> orders)
    : chance_(seed), who_(std::move(who)), orders_(std::move(orders)) {}

KillSchedule::Kill KillSchedule::next() {
  Kill kill{.victims = victims(), .agent_comes_up_first = below(2) == 0};
  // A third while starting, a third soon after something was applied, a third at any time.
  const auto when = below(3);
  kill.after = when == 1 ? After::progress : After::kill;
  constexpr std::array most_delay{80U, 300U, 1500U};
  kill.delay = std::chrono::milliseconds{below(most_delay[when])};
  constexpr std::uint32_t one_in = 6;
  const auto order = below(one_in * static_cast<std::uint32_t>(orders_.size()));
  if (kill.after == After::progress && order < orders_.size()) kill.resync = orders_[order];
  return kill;
}

Victims KillSchedule::victims() {
  auto who = below(100);
  for (const Odds& odds : who_) {
    if (who < odds.percent) return odds.victims;
    who -= odds.percent;
  }
  throw std::logic_error("the odds of a kill schedule are less than a hundred percent");
}

std::string to_string(const Victims& victims) {
  std::string text;
  const auto add = [&](bool killed, const char* name) {
    if (killed) text += (text.empty() ? "" : " and ") + std::string(name);
  };
  add(victims.agent, "agent");
  add(victims.source, "source");
  add(victims.mirror, "mirror");
  add(victims.application, "application");
  return text;
}

std::string to_string(const KillSchedule::Kill& kill) {
  return fmt::format("{} {} ms after {}{}", to_string(kill.victims), kill.delay.count(),
                     kill.after == KillSchedule::After::kill ? "the last kill" : "progress",
                     kill.resync ? " and resync " + *kill.resync : "");
}

}  // namespace pgmirror::tests
