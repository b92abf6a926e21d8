#include "agent/run_command.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <condition_variable>
#include <mutex>

#include "agent/logging.hpp"
#include "agent/mirror_agent.hpp"
#include "agent/shutdown_signals.hpp"
#include "capture/sqlite/source_refused.hpp"
#include "config/describe.hpp"
#include "config/secrets.hpp"
#include "queue/disk_full.hpp"

namespace pgmirror::agent {

namespace {

constexpr std::chrono::seconds disk_full_pause{10};

void announce(const config::Config& config) {
  spdlog::info("[DatabaseMirror] Database mirroring is enabled");
  spdlog::info("[DatabaseMirror] Source: {}", config.source_url);
  for (const config::Mirror& mirror : config.mirrors) {
    spdlog::info("[DatabaseMirror] Mirror DB: {} ({})", mirror.connection.address(),
                 config::describe_tls(mirror.connection));
  }
}

void wait(std::stop_token stop, std::chrono::seconds time) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, time, [] { return false; });
}

/// A full disk passes: the source keeps its own log meanwhile, so the agent lets go of everything and comes back.
void run_until_stopped(const config::Config& config, std::stop_token stop) {
  while (!stop.stop_requested()) {
    try {
      MirrorAgent agent(config);
      agent.run(stop);
    } catch (const queue::DiskFull& full) {
      spdlog::error("[MirrorQueue] {}; nothing is lost, trying again in {} s", full.what(), disk_full_pause.count());
      wait(stop, disk_full_pause);
    }
  }
}

}  // namespace

ExitCode run_command(const config::Flags& flags) {
  // First, so that every thread that comes later leaves the signals to it.
  ShutdownSignals signals;
  const config::LoadedConfig loaded = config::load_config(flags, config::process_environment());
  configure_logging(loaded.config.log, config::secrets(loaded.config));
  if (!loaded.config.enabled) {
    spdlog::info("[DatabaseMirror] Database mirroring is disabled (DATABASE_MIRROR_ENABLED=false)");
    return ExitCode::done;
  }
  for (const std::string& warning : loaded.warnings) spdlog::warn("[DatabaseMirror] {}", warning);
  announce(loaded.config);
  try {
    run_until_stopped(loaded.config, signals.token());
  } catch (const capture::sqlite::SourceRefused& refused) {
    spdlog::error("[DatabaseMirror] {}", refused.what());
    return ExitCode::configuration;
  } catch (const std::exception& failure) {
    spdlog::error("[DatabaseMirror] {}", failure.what());
    return ExitCode::failure;
  }
  spdlog::info("[DatabaseMirror] Ended");
  return ExitCode::done;
}

ExitCode check_config_command(const config::Flags& flags) {
  const config::LoadedConfig loaded = config::load_config(flags, config::process_environment());
  for (const std::string& warning : loaded.warnings) fmt::print("warning: {}\n", warning);
  for (const std::string& line : config::describe(loaded.config)) fmt::print("{}\n", line);
  return ExitCode::done;
}

}  // namespace pgmirror::agent
