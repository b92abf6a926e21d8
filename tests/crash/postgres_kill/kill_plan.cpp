#include "tests/crash/postgres_kill/kill_plan.hpp"

#include <fmt/format.h>

namespace pgmirror::tests {

KillPlan::Kill KillPlan::next() {
  Kill kill;
  const auto who = below(100);
  kill.agent = who < 40 || (who >= 76 && who < 92) || who >= 96;
  kill.source = (who >= 40 && who < 58) || (who >= 76 && who < 84) || who >= 92;
  kill.mirror = (who >= 58 && who < 76) || who >= 84;
  kill.agent_comes_up_first = below(2) == 0;
  // A third while starting, a third soon after something was applied, a third at any time.
  const auto when = below(3);
  kill.after = when == 1 ? After::progress : After::kill;
  constexpr std::array most_delay{80U, 300U, 1500U};
  kill.delay = std::chrono::milliseconds{below(most_delay[when])};
  constexpr std::array tables{"--all", "account", "history", "ledger", "document"};
  const auto resync = below(25);
  if (kill.after == After::progress && resync < tables.size()) kill.resync = tables[resync];
  return kill;
}

std::string victims(const KillPlan::Kill& kill) {
  std::string text;
  const auto add = [&](bool killed, const char* name) {
    if (killed) text += (text.empty() ? "" : " and ") + std::string(name);
  };
  add(kill.agent, "agent");
  add(kill.source, "source");
  add(kill.mirror, "mirror");
  return text;
}

std::string to_string(const KillPlan::Kill& kill) {
  return fmt::format("{} {} ms after {}{}", victims(kill), kill.delay.count(),
                     kill.after == KillPlan::After::kill ? "the last kill" : "progress",
                     kill.resync ? " and resync " + *kill.resync : "");
}

}  // namespace pgmirror::tests
