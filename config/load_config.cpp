#include "config/load_config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "config/connection_url.hpp"
#include "config/environment_layer.hpp"
#include "config/file_layer.hpp"
#include "config/flag_layer.hpp"
#include "config/mirror_settings.hpp"
#include "config/sqlite_url.hpp"
#include "config/tls.hpp"
#include "config/value_reader.hpp"

namespace pgmirror::config {
namespace {

std::string config_file(const Flags& flags, const Environment& environment) {
  if (const auto flag = flags.find("config"); flag != flags.end() && !flag->second.empty()) return flag->second;
  const auto variable = environment.find("MIRROR_CONFIG");
  return variable == environment.end() ? std::string() : variable->second;
}

/// False when the file could not be read: what it would have said is not missing then, only unknown.
bool gather(const Flags& flags, const Environment& environment, Given& given) {
  bool file_is_known = true;
  std::set<std::string> used_variables;
  if (const std::string path = config_file(flags, environment); !path.empty()) {
    try {
      add_file_layer(path, environment, given, used_variables);
    } catch (const ConfigError& error) {
      given.problems.insert(given.problems.end(), error.messages().begin(), error.messages().end());
      file_is_known = false;
    }
  }
  add_environment_layer(environment, used_variables, given);
  add_flag_layer(flags, given);
  return file_is_known;
}

void read_source(ValueReader& reader, Config& config) {
  const GivenValue* const url = reader.find("source.url");
  if (url == nullptr) return;
  try {
    if (url->text.starts_with("sqlite:")) {
      config.source_url = url->text;
      config.sqlite = SqliteSource{parse_sqlite_url(url->text)};
    } else if (is_postgres_url(url->text)) {
      const ConnectionSettings connection = read_connection_url(url->text);
      config.source_url = fmt::format("postgresql://{}@{}", connection.user, connection.address());
      config.postgres = PostgresSource{connection};
    } else {
      throw InvalidValue(
          "names no store that can be followed; write sqlite:///data/app.db or postgresql://user@host/database");
    }
  } catch (const InvalidValue& why) {
    reader.problem(*url, why.what());
  }
}

TableRules read_rules(const ValueReader& reader, std::vector<std::string>& problems) {
  std::vector<std::vector<std::string>> patterns;
  for (const std::string_view key : {"tables.include", "tables.exclude", "columns.exclude"}) {
    patterns.push_back(reader.read_list(key));
    const std::size_t last = patterns.size() - 1;
    try {
      const std::vector<std::string> none;
      const TableRules alone(last == 0 ? patterns[0] : none, last == 1 ? patterns[1] : none,
                             last == 2 ? patterns[2] : none);
    } catch (const ConfigError& error) {
      for (const std::string& message : error.messages()) {
        problems.push_back(fmt::format("{}: {}", reader.find(key)->place, message));
      }
      patterns.back().clear();
    }
  }
  return TableRules(patterns[0], patterns[1], patterns[2]);
}

/// A dot that the user took for part of a name would leave the table in the mirror that was meant to stay out.
void refuse_schemas_of_sqlite(const Config& config, std::vector<std::string>& problems) {
  if (!config.sqlite) return;
  for (const std::string& pattern : config.tables.patterns_with_schema()) {
    problems.push_back(fmt::format(
        "pattern \"{}\": names a schema, and a SQLite store has none; put a name that contains a dot in double quotes",
        pattern));
  }
}

void read_mirrors(const Given& given, Config& config, std::vector<std::string>& problems) {
  for (const GivenMirror& one : given.mirrors) {
    Mirror mirror = read_mirror(one, problems);
    mirror.types = given.types;
    config.mirrors.push_back(std::move(mirror));
  }
}

bool same_database(const ConnectionSettings& a, const ConnectionSettings& b) {
  return !a.host.empty() && a.host == b.host && a.port == b.port && a.database == b.database;
}

void refuse_shared_databases(const Config& config, std::vector<std::string>& problems) {
  for (auto mirror = config.mirrors.begin(); mirror != config.mirrors.end(); ++mirror) {
    const ConnectionSettings& connection = mirror->connection;
    if (config.postgres && same_database(config.postgres->connection, connection)) {
      problems.push_back(fmt::format("mirror \"{}\": is the source itself ({}); give it another database", mirror->name,
                                     connection.address()));
    }
    const auto other = std::find_if(config.mirrors.begin(), mirror,
                                    [&](const Mirror& m) { return same_database(m.connection, connection); });
    if (other != mirror) {
      problems.push_back(
          fmt::format("mirror \"{}\": has the same database as mirror \"{}\" ({}); one database holds one mirror",
                      mirror->name, other->name, connection.address()));
    }
  }
}

void warn_of_unencrypted_lines(const Config& config, std::vector<std::string>& warnings) {
  const auto warn = [&](std::string_view who, const ConnectionSettings& connection) {
    if (!may_be_unencrypted(connection)) return;
    warnings.push_back(fmt::format(
        "{}: sslmode {} lets rows and the password cross the network to {} unencrypted; use require or better", who,
        connection.sslmode, connection.host));
  };
  if (config.postgres) warn("source", config.postgres->connection);
  for (const Mirror& mirror : config.mirrors) warn(fmt::format("mirror \"{}\"", mirror.name), mirror.connection);
}

void require_both_ends(const Given& given, std::vector<std::string>& problems) {
  if (given.values.find("source.url") == nullptr) {
    problems.emplace_back("source: none is given; set MIRROR_SOURCE_URL, for example sqlite:///data/app.db");
  }
  if (given.mirrors.empty()) {
    problems.emplace_back(
        "mirror: none is given; set MIRROR_DB_URL, or MIRROR_DB_HOST, MIRROR_DB_NAME, MIRROR_DB_USER and "
        "MIRROR_DB_PASSWORD");
  }
}

void read_everything_else(const Given& given, ValueReader& reader, Config& config, std::vector<std::string>& problems) {
  read_source(reader, config);
  if (config.sqlite) reader.read("capture.sqlite.switch_to_wal", config.sqlite->switch_to_wal, parse_boolean);
  config.tables = read_rules(reader, problems);
  refuse_schemas_of_sqlite(config, problems);
  read_mirrors(given, config, problems);
  refuse_shared_databases(config, problems);
  reader.read("state_dir", config.state_dir, parse_plain_text);
  reader.read("queue.disk_budget", config.queue.disk_budget_bytes, parse_disk_budget);
  reader.read("queue.retention", config.queue.retention, parse_duration);
  reader.read("http.listen", config.http_listen, parse_listen_address);
}

}  // namespace

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t sign = text.find('=');
    if (sign != std::string_view::npos) environment.emplace(text.substr(0, sign), text.substr(sign + 1));
  }
  return environment;
}

LoadedConfig load_config(const Flags& flags, const Environment& environment) {
  Given given;
  const bool file_is_known = gather(flags, environment, given);
  LoadedConfig loaded{{}, std::move(given.warnings)};
  std::vector<std::string> problems = std::move(given.problems);
  ValueReader reader(given.values, problems);
  reader.read("enabled", loaded.config.enabled, parse_boolean);
  reader.read("log.level", loaded.config.log.level, parse_log_level);
  reader.read("log.format", loaded.config.log.format, parse_log_format);
  if (!loaded.config.enabled) {
    loaded.warnings.insert(loaded.warnings.end(), problems.begin(), problems.end());
    return loaded;
  }
  if (file_is_known) require_both_ends(given, problems);
  read_everything_else(given, reader, loaded.config, problems);
  if (!problems.empty()) throw ConfigError(std::move(problems));
  warn_of_unencrypted_lines(loaded.config, loaded.warnings);
  return loaded;
}

}  // namespace pgmirror::config
