#include "tests/scenario/bad_input/bad_input.hpp"

namespace pgmirror::tests {
namespace {

std::function<void(GoodSetup&)> type(std::vector<std::string> words) {
  return [words = std::move(words)](GoodSetup& setup) { setup.typed = words; };
}

}  // namespace

std::vector<BadInput> command_line_cases() {
  constexpr int usage = 64;
  constexpr int later = 75;
  const auto run_again = type({"run"});
  return {
      {"NothingTyped", type({}), usage, {"subcommand is required", "--help"}, run_again},
      {"UnknownCommand", type({"runn"}), usage, {"\"runn\"", "did you mean \"run\"?"}, run_again},
      {"UnknownFlag", type({"run", "--state-dirr=/x"}), usage, {"--state-dirr", "did you mean"}, run_again},
      {"SuperfluousWord", type({"run", "now"}), usage, {"now"}, run_again},
      {"FlagWithoutValue", type({"run", "--config"}), usage, {"--config"}, run_again},
      {"ResyncOfNothing", type({"resync"}), usage, {"TABLE or --all"}, run_again},
      {"ResyncOfATableAndOfAll", type({"resync", "t", "--all"}), usage, {"excludes"}, run_again},
      {"ParkedAlone", type({"parked"}), usage, {"subcommand is required"}, run_again},
      {"ParkedIdThatIsNoNumber", type({"parked", "retry", "first"}), usage, {"first"}, run_again},
      {"OrderWithoutAgent", type({"pause"}), later, {"no agent answers", "pgmirror run"}, run_again},
      {"ConfigFileThatIsMissing",
       type({"run", "--config", "/none.yaml"}),
       78,
       {"/none.yaml", "No such file"},
       run_again},
      {"ConfigFileThatIsADirectory", type({"run", "-c", "/tmp"}), 78, {"/tmp", "Is a directory"}, run_again},
      {"LogLevelThatIsNone", type({"run", "--log-level", "loud"}), 78, {"\"loud\"", "info, warn"}, run_again},
  };
}

}  // namespace pgmirror::tests
