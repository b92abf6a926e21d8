#include "agent/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>

#include "agent/run_command.hpp"
#include "config/config_error.hpp"

namespace pgmirror::agent {

namespace {

/// Flags that stand above environment and YAML, by the key that they set.
void add_config_flags(CLI::App& app, config::Flags& flags) {
  const auto add = [&](const char* name, const char* key, const char* help) {
    app.add_option_function<std::string>(
        name, [&flags, key](const std::string& value) { flags[key] = value; }, help);
  };
  add("-c,--config", "config", "YAML file (MIRROR_CONFIG)");
  add("--source", "source.url", "the store to mirror (MIRROR_SOURCE_URL)");
  add("--mirror", "mirror.url", "the PostgreSQL to mirror into (MIRROR_DB_URL)");
  add("--state-dir", "state_dir", "where queue and shadow are kept (MIRROR_STATE_DIR)");
  add("--log-level", "log.level", "trace, debug, info, warn or error (MIRROR_LOG_LEVEL)");
}

}  // namespace

ExitCode run_command_line(int argc, const char* const* argv) {
  CLI::App app{"Mirrors an application's SQLite store into PostgreSQL, commit by commit", "pgmirror"};
  app.set_version_flag("--version", PGMIRROR_VERSION);
  app.require_subcommand(1);
  config::Flags flags;
  std::function<ExitCode()> chosen;
  const auto command = [&](const char* name, const char* help, std::function<ExitCode()> body) {
    CLI::App* sub = app.add_subcommand(name, help);
    sub->callback([&chosen, body = std::move(body)] { chosen = body; });
    add_config_flags(*sub, flags);
    return sub;
  };
  command("run", "mirror until told to stop", [&] { return run_command(flags); });
  command("check-config", "say what the configuration means; connects to nothing",
          [&] { return check_config_command(flags); });
  command("version", "print the version", [] {
    fmt::print("pgmirror {}\n", PGMIRROR_VERSION);
    return ExitCode::done;
  });

  try {
    app.parse(argc, argv);
    return chosen();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ExitCode::done : ExitCode::usage;
  } catch (const config::ConfigError& error) {
    fmt::print(stderr, "{}\n", error.what());
    return ExitCode::configuration;
  } catch (const std::exception& error) {
    fmt::print(stderr, "pgmirror: {}\n", error.what());
    return ExitCode::failure;
  }
}

}  // namespace pgmirror::agent
