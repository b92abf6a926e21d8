#include "agent/status_command.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>

#include "agent/command_config.hpp"
#include "agent/control_client.hpp"
#include "agent/local_socket.hpp"
#include "agent/offline_status.hpp"
#include "agent/shutdown_signals.hpp"
#include "agent/status_text.hpp"

namespace pgmirror::agent {

using nlohmann::json;

namespace {

constexpr std::chrono::seconds watch_interval{1};
/// Container engines give a health check some five seconds.
constexpr std::chrono::seconds health_patience{4};
constexpr const char* clear_screen = "\x1b[H\x1b[2J";

json current_status(const config::Config& config) {
  try {
    return ask_agent(config.state_dir, {{"command", "status"}});
  } catch (const NoAgent&) {
    return offline_status(config);
  }
}

bool on_terminal() { return ::isatty(STDOUT_FILENO) != 0; }

Colour colour() { return on_terminal() && std::getenv("NO_COLOR") == nullptr ? Colour::yes : Colour::no; }

void print(const json& status, const StatusOptions& options) {
  if (options.json) {
    fmt::print("{}\n", status.dump(options.watch ? -1 : 2, ' ', false, json::error_handler_t::replace));
  } else if (options.watch && !on_terminal()) {
    fmt::print("{}\n", status_line(status));
  } else {
    fmt::print("{}{}", options.watch ? clear_screen : "", status_text(status, colour()));
  }
  std::fflush(stdout);
}

void wait(const std::stop_token& stop, std::chrono::seconds time) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

ExitCode status_command(const config::Flags& flags, const StatusOptions& options) {
  const config::Config config = command_config(flags);
  json status = current_status(config);
  print(status, options);
  if (options.watch) {
    const ShutdownSignals signals;
    for (const std::stop_token stop = signals.token(); !stop.stop_requested();) {
      wait(stop, watch_interval);
      if (stop.stop_requested()) break;
      status = current_status(config);
      print(status, options);
    }
  }
  return status["agent"]["running"].get<bool>() ? ExitCode::done : ExitCode::temporary_failure;
}

ExitCode health_command(const config::Flags& flags) {
  spdlog::set_level(spdlog::level::off);
  const config::Config config = config::load_config(flags, config::process_environment()).config;
  if (!config.enabled) {
    fmt::print("healthy: mirroring is disabled\n");
    return ExitCode::done;
  }
  try {
    const json status = ask_agent(
        config.state_dir, {{"command", "status"}}, [](const json&) {}, health_patience);
    for (const json& trouble : status["troubles"]) fmt::print("{}\n", trouble.get<std::string>());
    if (!status["healthy"].get<bool>()) return ExitCode::failure;
    fmt::print("healthy\n");
    return ExitCode::done;
  } catch (const NoAgent& absent) {
    fmt::print("{}\n", absent.what());
    const auto retained = retained_log(config);
    if (const auto trouble = retained ? retained->trouble_unread() : std::nullopt) fmt::print("{}\n", *trouble);
  } catch (const LocalSocketError& silent) {
    fmt::print("the agent does not answer: {}\n", silent.what());
  }
  return ExitCode::failure;
}

}  // namespace pgmirror::agent
