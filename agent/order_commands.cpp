#include "agent/order_commands.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/command_config.hpp"
#include "agent/control_client.hpp"
#include "agent/state_directory.hpp"
#include "agent/state_directory_lock.hpp"
#include "agent/unusable_state.hpp"
#include "capture/postgres/postgres_source.hpp"

namespace pgmirror::agent {

using nlohmann::json;

namespace {

json request_for(const char* command, const std::string& mirror) {
  json request{{"command", command}};
  if (!mirror.empty()) request["mirror"] = mirror;
  return request;
}

void tell_agent(const config::Config& config, const json& request, const char* what) {
  const json answer = ask_agent(config.state_dir, request);
  for (const json& mirror : answer["mirrors"]) {
    fmt::print("mirror \"{}\": {}\n", mirror.get<std::string>(), what);
  }
}

/// Nobody runs: leaves the order, and makes sure that the next agent can begin.
ExitCode order_for_next_agent(const config::Config& config, const ResyncOptions& options) {
  if (!options.mirror.empty()) {
    throw NoAgent(
        "no agent answers, and only a running agent can start a single mirror over; start \"pgmirror run\", "
        "or leave --mirror out");
  }
  prepare_state_directory(config.state_dir);
  const StateDirectoryLock lock(config.state_dir);
  const std::optional<std::string> unusable = why_state_is_unusable(config);
  if (unusable && !options.yes) {
    fmt::print(stderr, "{}\nthe next agent could not begin with it; add --yes to {} and copy the source anew\n",
               *unusable,
               config.postgres ? "move the queue aside (nothing is deleted), drop the replication slot, or triggers,"
                               : "move queue and shadow aside (nothing is deleted)");
    return ExitCode::failure;
  }
  order_start_over(config.state_dir);
  // What is wrong with a publication shows only where the log is decoded, with a shadow only where its pages are read:
  // consent is enough to begin anew.
  if (config.postgres && options.yes) capture::postgres::teardown(*config.postgres);
  if (unusable || options.yes) {
    for (const auto& moved : move_state_aside(config.state_dir, std::chrono::system_clock::now())) {
      fmt::print("moved to {}: delete it when it is not needed any more\n", moved.string());
    }
  }
  fmt::print("ordered: the next \"pgmirror run\" copies every table again\n");
  if (!options.yes) {
    fmt::print("should it be refused again, add --yes to begin with a new {}\n",
               config.postgres ? "slot" : "queue and shadow");
  }
  return ExitCode::done;
}

}  // namespace

ExitCode pause_command(const config::Flags& flags, const std::string& mirror) {
  tell_agent(command_config(flags), request_for("pause", mirror),
             "paused until \"pgmirror resume\" or a restart; changes gather in the queue");
  return ExitCode::done;
}

ExitCode resume_command(const config::Flags& flags, const std::string& mirror) {
  tell_agent(command_config(flags), request_for("resume", mirror), "goes on");
  return ExitCode::done;
}

ExitCode resync_command(const config::Flags& flags, const ResyncOptions& options) {
  const config::Config config = command_config(flags);
  json request = request_for("resync", options.mirror);
  if (options.all) {
    request["all"] = true;
  } else {
    request["tables"] = options.tables;
  }
  try {
    tell_agent(config, request, "will be copied again; see \"pgmirror status\"");
    return ExitCode::done;
  } catch (const NoAgent&) {
    if (!options.all) throw;
  }
  return order_for_next_agent(config, options);
}

}  // namespace pgmirror::agent
