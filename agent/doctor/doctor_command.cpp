#include "agent/doctor/doctor_command.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "agent/command_config.hpp"
#include "agent/doctor/checks.hpp"
#include "capture/source_refused.hpp"
#include "capture/sqlite/sqlite_connection.hpp"
#include "sinks/postgres/failure.hpp"

namespace pgmirror::agent::doctor {

namespace {

using capture::sqlite::StoreDescription;

void add(Findings& findings, Findings more) {
  findings.insert(findings.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::optional<StoreDescription> look_into_store(const config::Config& config, Findings& findings) {
  Findings place = check_source_place(*config.sqlite);
  const bool can_be_opened = worst(place) != Level::error;
  add(findings, std::move(place));
  if (!can_be_opened) return std::nullopt;
  const auto unreadable = [&](const char* message) {
    findings.push_back({.level = Level::error,
                        .subject = "source",
                        .what = message,
                        .why = "pgmirror run could not follow it",
                        .remedy = "as the message says"});
  };
  try {
    StoreDescription store = capture::sqlite::describe_store(config.sqlite->file, config.tables);
    add(findings, check_store(*config.sqlite, store));
    return store;
  } catch (const capture::SourceRefused& refused) {
    unreadable(refused.what());
  } catch (const capture::sqlite::SqliteError& error) {
    unreadable(fmt::format("sqlite file {}: cannot be read ({}); is it locked (PRAGMA locking_mode=EXCLUSIVE), or "
                           "encrypted?",
                           config.sqlite->file.string(), error.what())
                   .c_str());
  }
  return std::nullopt;
}

void look_at_mirror(const config::Mirror& mirror, const std::set<std::string>& extensions, Findings& findings) {
  try {
    add(findings, check_mirror(mirror, sinks::postgres::examine_server(mirror), extensions));
  } catch (const libpq::DatabaseError& error) {
    findings.push_back(unreachable(mirror, sinks::postgres::classify(error).sentence));
  }
}

void print_sql(const Findings& findings) {
  for (const Finding& finding : findings) {
    if (!finding.sql.empty()) fmt::print("-- {}: {}\n{}\n", finding.subject, finding.what, finding.sql);
  }
}

}  // namespace

ExitCode doctor_command(const config::Flags& flags, const DoctorOptions& options) {
  const config::Config config = command_config(flags);
  Findings findings{{Level::ok, "configuration", "is complete and free of contradictions"}};
  for (const std::string& warning : config::load_config(flags, config::process_environment()).warnings) {
    findings.push_back({.level = Level::warning,
                        .subject = "configuration",
                        .what = warning,
                        .why = "it may not mean what was meant",
                        .remedy = "as the message says"});
  }
  std::uint64_t source_bytes = 0;
  if (config.sqlite) {
    if (const auto store = look_into_store(config, findings)) {
      source_bytes = store->file_bytes;
      add(findings, check_tables(config, *store));
    }
  }
  std::set<std::string> extensions;
  if (config.postgres) {
    PostgresSourceReport source = check_postgres_source(config);
    add(findings, std::move(source.findings));
    extensions = std::move(source.extensions);
  }
  add(findings, check_state_directory(config, source_bytes));
  for (const config::Mirror& mirror : config.mirrors) look_at_mirror(mirror, extensions, findings);

  const bool healthy = worst(findings) != Level::error;
  if (options.json) {
    const nlohmann::json report{{"healthy", healthy}, {"findings", to_json(findings)}};
    fmt::print("{}\n", report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else if (options.print_sql) {
    print_sql(findings);
  } else {
    fmt::print("{}", to_text(findings));
  }
  return healthy ? ExitCode::done : ExitCode::failure;
}

}  // namespace pgmirror::agent::doctor
