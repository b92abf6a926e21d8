#include "agent/tail_command.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "agent/command_config.hpp"
#include "agent/control_client.hpp"

namespace pgmirror::agent {

using nlohmann::json;

ExitCode tail_command(const config::Flags& flags, const TailOptions& options) {
  const config::Config config = command_config(flags);
  json request{{"command", "tail"}, {"follow", options.follow}, {"values", options.values}};
  if (!options.from.empty()) request["from"] = options.from;
  const auto print = [](const json& line) {
    if (!line.is_string()) return;
    fmt::print("{}\n", line.get<std::string>());
    std::fflush(stdout);
  };
  ask_agent(config.state_dir, request, print, std::chrono::seconds{30});
  return ExitCode::done;
}

}  // namespace pgmirror::agent
