#include "agent/run_command.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>

#include "agent/control_requests.hpp"
#include "agent/control_server.hpp"
#include "agent/doctor/checks.hpp"
#include "agent/http_endpoint.hpp"
#include "agent/logging.hpp"
#include "agent/mirror_agent.hpp"
#include "agent/running_agent.hpp"
#include "agent/shutdown_signals.hpp"
#include "agent/state_directory.hpp"
#include "agent/state_directory_lock.hpp"
#include "capture/source_refused.hpp"
#include "config/describe.hpp"
#include "config/secrets.hpp"
#include "libpq/database_error.hpp"
#include "queue/disk_full.hpp"

namespace pgmirror::agent {

namespace {

constexpr std::chrono::seconds disk_full_pause{10};
constexpr std::chrono::seconds source_pause{5};
/// Orders that are left for the next agent hold the state directory for a moment.
constexpr std::chrono::seconds lock_patience{3};
constexpr std::chrono::milliseconds lock_pause{20};

void announce(const config::Config& config) {
  spdlog::info("[DatabaseMirror] Database mirroring is enabled");
  spdlog::info("[DatabaseMirror] Source: {}", config.source_url);
  for (const config::Mirror& mirror : config.mirrors) {
    spdlog::info("[DatabaseMirror] Mirror DB: {} ({})", mirror.connection.address(),
                 config::describe_tls(mirror.connection));
  }
}

void wait(std::stop_token stop, std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, time, [] { return false; });
}

/// The application comes first when both want the processor: measured with a writer that never pauses on two cores, its
/// slowest commits take half as long this way, and the mirror falls behind no further.
void stand_back() {
  constexpr int politeness = 10;
  if (getpriority(PRIO_PROCESS, 0) < politeness) setpriority(PRIO_PROCESS, 0, politeness);
}

/// Throws as StateDirectoryLock.
std::unique_ptr<StateDirectoryLock> lock_state(const std::filesystem::path& directory, const std::stop_token& stop) {
  for (const auto deadline = std::chrono::steady_clock::now() + lock_patience;;) {
    try {
      return std::make_unique<StateDirectoryLock>(directory);
    } catch (const StateDirectoryHeld&) {
      if (stop.stop_requested() || std::chrono::steady_clock::now() > deadline) throw;
    }
    wait(stop, lock_pause);
  }
}

bool is_full(const std::system_error& error) {
  return error.code() == std::errc::no_space_on_device ||
         error.code() == std::error_code(EDQUOT, std::generic_category());
}

/// A full disk passes, and so does a source that does not answer: it may only be starting. A file that was followed
/// and is refused now may be one whose restore is not at its end. Whatever was not read yet, the source keeps; the
/// agent lets go of everything and comes back.
void run_until_stopped(const config::Config& config, RunningAgent& running, std::stop_token stop) {
  bool was_followed = false;
  std::string told;
  const auto wait_for_source = [&](const std::string& reason) {
    running.waits_for(reason);
    if (reason != told) spdlog::error("[MirrorSource] {}; trying again every {} s", reason, source_pause.count());
    told = reason;
    wait(stop, source_pause);
  };
  const auto wait_for_space = [&](const std::string& what) {
    running.waits_for(what);
    spdlog::error("[MirrorQueue] {}; nothing is lost, trying again in {} s", what, disk_full_pause.count());
    wait(stop, disk_full_pause);
  };
  while (!stop.stop_requested()) {
    try {
      MirrorAgent agent(config);
      const AgentPresence presence(running, agent);
      if (!told.empty()) spdlog::info("[MirrorSource] The source can be followed again");
      told.clear();
      was_followed = true;
      agent.run(stop);
    } catch (const capture::SourceHeld& held) {
      wait_for_source(held.what());
    } catch (const capture::SourceRefused& refused) {
      if (!was_followed || !config.sqlite) throw;
      wait_for_source(refused.what());
    } catch (const queue::DiskFull& full) {
      wait_for_space(full.what());
    } catch (const std::system_error& error) {
      if (!is_full(error)) throw;
      wait_for_space(fmt::format("{}; make room on the disk of {}", error.what(), config.state_dir.string()));
    } catch (const libpq::DatabaseError& absent) {
      running.waits_for(fmt::format("source {}: {}", config.source_url, absent.what()));
      spdlog::error("[MirrorSource] {} does not answer: {}; trying again in {} s", config.source_url, absent.what(),
                    source_pause.count());
      wait(stop, source_pause);
    }
  }
}

/// What the rules do to the tables that the source has, where there is a source to look into.
void describe_tables(const config::Config& config) {
  try {
    const auto store = capture::sqlite::describe_store(config.sqlite->file, config.tables);
    fmt::print("Tables: {} of {} are mirrored\n{}", store.mirrored.size(), store.all.size(),
               doctor::to_text(doctor::check_tables(config, store)));
  } catch (const std::runtime_error& unreadable) {
    fmt::print("Tables: not looked at: {}\n", unreadable.what());
  }
}

}  // namespace

ExitCode run_command(const config::Flags& flags) {
  const config::LoadedConfig loaded = config::load_config(flags, config::process_environment());
  configure_logging(loaded.config.log, config::secrets(loaded.config));
  // Before every other thread, which leave the signals to it then, and behind the log, which it writes to.
  ShutdownSignals signals;
  if (!loaded.config.enabled) {
    spdlog::info("[DatabaseMirror] Database mirroring is disabled (DATABASE_MIRROR_ENABLED=false)");
    return ExitCode::done;
  }
  for (const std::string& warning : loaded.warnings) spdlog::warn("[DatabaseMirror] {}", warning);
  announce(loaded.config);
  stand_back();
  try {
    prepare_state_directory(loaded.config.state_dir);
    const auto lock = lock_state(loaded.config.state_dir, signals.token());
    RunningAgent running(loaded.config);
    const ControlServer control(control_socket(loaded.config.state_dir), control_requests(running));
    std::optional<HttpEndpoint> http;
    if (const std::string& listen = loaded.config.http_listen; !listen.empty()) {
      http.emplace(listen, [&running] { return running.status(); });
      spdlog::info("[MirrorHttp] Status, health and metrics on http://{}", listen);
    }
    run_until_stopped(loaded.config, running, signals.token());
  } catch (const capture::SourceRefused& refused) {
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
  spdlog::set_level(spdlog::level::off);
  const config::LoadedConfig loaded = config::load_config(flags, config::process_environment());
  for (const std::string& warning : loaded.warnings) fmt::print("warning: {}\n", warning);
  for (const std::string& line : config::describe(loaded.config)) fmt::print("{}\n", line);
  if (loaded.config.enabled && loaded.config.sqlite) describe_tables(loaded.config);
  return ExitCode::done;
}

}  // namespace pgmirror::agent
