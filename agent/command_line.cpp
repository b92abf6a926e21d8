#include "agent/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>

#include "agent/control_client.hpp"
#include "agent/doctor/doctor_command.hpp"
#include "agent/local_socket.hpp"
#include "agent/move_to_decoding_command.hpp"
#include "agent/order_commands.hpp"
#include "agent/parked_command.hpp"
#include "agent/queue_command.hpp"
#include "agent/run_command.hpp"
#include "agent/state_directory_lock.hpp"
#include "agent/status_command.hpp"
#include "agent/tail_command.hpp"
#include "agent/teardown_command.hpp"
#include "agent/verify_command.hpp"
#include "config/config_error.hpp"
#include "config/nearest_name.hpp"
#include "sinks/postgres/failure.hpp"

namespace pgmirror::agent {

namespace {

/// The commands and what they were given. Parsing chooses one; it is run afterwards.
class CommandLine {
 public:
  CommandLine() {
    app_.set_version_flag("--version", PGMIRROR_VERSION);
    app_.require_subcommand(1);
    add_running();
    add_looking();
    add_ordering();
    add_verify();
    add_parked();
    add_queue();
  }

  CLI::App& app() { return app_; }
  ExitCode run() const { return chosen_(); }

 private:
  using Body = std::function<ExitCode()>;

  CLI::App* add(CLI::App& parent, const char* name, const char* help, Body body) {
    CLI::App* sub = parent.add_subcommand(name, help);
    sub->callback([this, body = std::move(body)] { chosen_ = body; });
    add_config_flags(*sub);
    return sub;
  }

  /// Flags that stand above environment and YAML, by the key that they set.
  void add_config_flags(CLI::App& command) {
    const auto add_flag = [&](const char* name, const char* key, const char* help) {
      command.add_option_function<std::string>(
          name, [this, key](const std::string& value) { flags_[key] = value; }, help);
    };
    add_flag("-c,--config", "config", "YAML file (MIRROR_CONFIG)");
    add_flag("--source-url", "source.url", "the store to mirror (MIRROR_SOURCE_URL)");
    add_flag("--mirror-url", "mirror.url", "the PostgreSQL to mirror into (MIRROR_DB_URL)");
    add_flag("--state-dir", "state_dir", "where queue and shadow are kept (MIRROR_STATE_DIR)");
    add_flag("--log-level", "log.level", "trace, debug, info, warn or error (MIRROR_LOG_LEVEL)");
  }

  void add_running() {
    add(app_, "run", "mirror until told to stop", [this] { return run_command(flags_); });
    CLI::App* check = add(app_, "check-config", "say what the configuration means; connects to nothing",
                          [this] { return check_config_command(flags_); });
    check->footer("Exit codes: 0 fine, 78 wrong");
    add(app_, "version", "print the version", [] {
      fmt::print("pgmirror {}\n", PGMIRROR_VERSION);
      return ExitCode::done;
    });
  }

  void add_looking() {
    CLI::App* doctor = add(app_, "doctor", "look for what would keep mirroring from working; changes nothing",
                           [this] { return doctor::doctor_command(flags_, doctor_); });
    doctor->add_flag("--json", doctor_.json, "as JSON");
    doctor->add_flag("--print-sql", doctor_.print_sql, "only the SQL that mends what was found");
    CLI::App* status =
        add(app_, "status", "how mirroring is doing", [this] { return status_command(flags_, status_); });
    status->add_flag("--json", status_.json, "as JSON (docs/status.md)");
    status->add_flag("--watch", status_.watch, "again every second");
    add(app_, "health", "for health checks: 0 healthy, 1 not", [this] { return health_command(flags_); });
    CLI::App* tail = add(app_, "tail", "print the transactions that the queue holds, keys only",
                         [this] { return tail_command(flags_, tail_); });
    tail->add_flag("-f,--follow", tail_.follow, "go on with what comes; without --from only that");
    tail->add_flag("--values", tail_.values, "whole rows");
    tail->add_option("--from", tail_.from, "position after which to start, for example 0/2A00");
  }

  void add_ordering() {
    CLI::App* pause = add(app_, "pause", "stop applying; changes gather in the queue",
                          [this] { return pause_command(flags_, mirror_); });
    CLI::App* resume =
        add(app_, "resume", "go on applying, or try again at once", [this] { return resume_command(flags_, mirror_); });
    for (CLI::App* command : {pause, resume}) command->add_option("MIRROR", mirror_, "name of the mirror; all without");

    CLI::App* resync = add(app_, "resync", "copy tables again", {});
    resync->callback([this] {
      if (resync_.tables.empty() && !resync_.all) throw CLI::RequiredError("TABLE or --all");
      chosen_ = [this] {
        resync_.mirror = mirror_;
        return resync_command(flags_, resync_);
      };
    });
    CLI::Option* tables = resync->add_option("TABLE", resync_.tables, "as the source names them");
    CLI::Option* all = resync->add_flag("--all", resync_.all, "every table, whatever the mirror followed before");
    tables->excludes(all);
    resync->add_option("--mirror", mirror_, "name of the mirror; all without");
    CLI::App* teardown = add(app_, "teardown", "remove what pgmirror has made in a PostgreSQL source",
                             [this] { return teardown_command(flags_, yes_); });
    teardown->add_flag("--yes", yes_, "do it; without, only say what would go");
    CLI::App* move = add(app_, "move-to-decoding", "go over from triggers to logical decoding of a PostgreSQL source",
                         [this] { return move_to_decoding_command(flags_, yes_); });
    move->add_flag("--yes", yes_, "do it; without, only say what would happen");
    resync->add_flag("--yes", resync_.yes,
                     "with --all and no agent: move queue and shadow aside, or drop the slot, and begin anew");
  }

  void add_verify() {
    CLI::App* verify = add(app_, "verify", "compare mirrors with the source by content",
                           [this] { return verify_command(flags_, mirror_, repair_, json_); });
    verify->add_flag("--repair", repair_, "make what differs as the source has it, and only that");
    verify->add_option("--mirror", mirror_, "name of the mirror; all without");
    verify->add_flag("--json", json_, "as JSON");
    verify->footer("Exit codes: 0 equal (or mended), 2 different");
  }

  void add_parked() {
    CLI::App* parked = app_.add_subcommand("parked", "changes that a mirror refused");
    parked->require_subcommand(1);
    CLI::App* list = add(*parked, "list", "what is parked, without row values",
                         [this] { return parked_list_command(flags_, mirror_, json_); });
    list->add_flag("--json", json_, "as JSON");
    CLI::App* retry = add(*parked, "retry", "apply a parked change",
                          [this] { return parked_retry_command(flags_, mirror_, parked_id_); });
    CLI::App* discard = add(*parked, "discard", "forget a parked change",
                            [this] { return parked_discard_command(flags_, mirror_, parked_id_); });
    for (CLI::App* command : {retry, discard}) command->add_option("ID", parked_id_, "as listed")->required();
    for (CLI::App* command : {list, retry, discard}) command->add_option("--mirror", mirror_, "name of the mirror");
  }

  void add_queue() {
    CLI::App* queue = app_.add_subcommand("queue", "the changes on disk");
    queue->require_subcommand(1);
    CLI::App* info =
        add(*queue, "info", "segments, positions and sizes", [this] { return queue_info_command(flags_, json_); });
    CLI::App* verify = add(*queue, "verify", "read every block; 1 where there is damage",
                           [this] { return queue_verify_command(flags_, json_); });
    for (CLI::App* command : {info, verify}) command->add_flag("--json", json_, "as JSON");
  }

  CLI::App app_{"Mirrors an application's SQLite or PostgreSQL store into PostgreSQL, commit by commit", "pgmirror"};
  config::Flags flags_;
  Body chosen_;
  doctor::DoctorOptions doctor_;
  StatusOptions status_;
  TailOptions tail_;
  ResyncOptions resync_;
  std::string mirror_;
  std::int64_t parked_id_ = 0;
  bool repair_ = false;
  bool json_ = false;
  bool yes_ = false;
};

/// The innermost command that the arguments name.
const CLI::App& named_command(const CLI::App& app) {
  const auto subcommands = app.get_subcommands();
  return subcommands.empty() ? app : named_command(*subcommands.front());
}

/// As it is typed behind the program's name, with a space behind it: `parked retry `; empty for the program itself.
std::string typed_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? "" : typed_name(*parent) + command.get_name() + " ";
}

/// The argument that stands where a command is wanted and is none; empty where there is no such argument.
std::string unknown_command(const CLI::App& app, int argc, const char* const* argv) {
  const CLI::App* command = &app;
  for (int i = 1; i < argc && command->get_require_subcommand_min() > 0; ++i) {
    std::string argument = argv[i];
    if (argument.starts_with('-')) continue;
    const auto known = command->get_subcommands([&](const CLI::App* sub) { return sub->check_name(argument); });
    if (known.empty()) return argument;
    command = known.front();
  }
  return {};
}

/// What CLI11 does not say: the name that was probably meant.
std::string suggestion(const CLI::App& app, int argc, const char* const* argv) {
  const CLI::App& command = named_command(app);
  std::vector<std::string> commands;
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(sub->get_name());
  }
  std::vector<std::string> options;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
  }
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool is_flag = argument.starts_with('-');
    const std::string name = argument.substr(0, argument.find('='));
    const std::vector<std::string>& known = is_flag ? options : commands;
    if (std::ranges::find(known, name) != known.end()) continue;
    if (std::string meant = config::did_you_mean(name, known); !meant.empty())
      return fmt::format("\"{}\"{}", name, meant);
  }
  return {};
}

ExitCode usage_error(CLI::App& app, const CLI::ParseError& error, int argc, const char* const* argv) {
  if (error.get_exit_code() == 0) {
    app.exit(error);
    return ExitCode::done;
  }
  const std::string hint = suggestion(app, argc, argv);
  const std::string unknown = unknown_command(app, argc, argv);
  fmt::print(stderr, "pgmirror: {}\n",
             unknown.empty() ? error.what() : fmt::format("\"{}\" is not a command", unknown));
  if (!hint.empty()) fmt::print(stderr, "pgmirror: {}\n", hint);
  fmt::print(stderr, "run \"pgmirror {}--help\" for what there is\n", typed_name(named_command(app)));
  return ExitCode::usage;
}

ExitCode fail(ExitCode code, std::string_view message) {
  fmt::print(stderr, "pgmirror: {}\n", message);
  return code;
}

ExitCode run_chosen(const CommandLine& line) {
  using libpq::DatabaseError;
  using sinks::postgres::FailureKind;
  try {
    return line.run();
  } catch (const config::ConfigError& error) {
    fmt::print(stderr, "{}\n", error.what());
    return ExitCode::configuration;
  } catch (const NoAgent& absent) {
    return fail(ExitCode::temporary_failure, absent.what());
  } catch (const LocalSocketError& silent) {
    return fail(ExitCode::temporary_failure, silent.what());
  } catch (const StateDirectoryHeld& held) {
    return fail(ExitCode::temporary_failure, held.what());
  } catch (const RequestRefused& refused) {
    return fail(static_cast<ExitCode>(refused.exit_code()), refused.what());
  } catch (const DatabaseError& error) {
    const auto failure = sinks::postgres::classify(error);
    return fail(failure.kind == FailureKind::transient ? ExitCode::temporary_failure : ExitCode::failure,
                failure.sentence);
  } catch (const std::exception& error) {
    return fail(ExitCode::failure, error.what());
  }
}

}  // namespace

ExitCode run_command_line(int argc, const char* const* argv) {
  CommandLine line;
  try {
    line.app().parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage_error(line.app(), error, argc, argv);
  }
  return run_chosen(line);
}

}  // namespace pgmirror::agent
