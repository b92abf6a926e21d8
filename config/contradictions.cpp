#include "config/contradictions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/tls.hpp"

namespace pgmirror::config {
namespace {

/// A dot that the user took for part of a name would leave the table in the mirror that was meant to stay out.
void refuse_schemas_of_sqlite(const Config& config, std::vector<std::string>& problems) {
  if (!config.sqlite) return;
  for (const std::string& pattern : config.tables.patterns_with_schema()) {
    problems.push_back(fmt::format(
        "pattern \"{}\": names a schema, and a SQLite store has none; put a name that contains a dot in double quotes",
        pattern));
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

}  // namespace

std::vector<std::string> contradictions(const Config& config) {
  std::vector<std::string> problems;
  refuse_schemas_of_sqlite(config, problems);
  refuse_shared_databases(config, problems);
  return problems;
}

std::vector<std::string> risks(const Config& config) {
  std::vector<std::string> warnings;
  const auto warn = [&](std::string_view who, const ConnectionSettings& connection) {
    if (!may_be_unencrypted(connection)) return;
    warnings.push_back(fmt::format(
        "{}: sslmode {} lets rows and the password cross the network to {} unencrypted; use require or better", who,
        connection.sslmode, connection.host));
  };
  if (config.postgres && !is_neighbour(config.postgres->connection.host)) warn("source", config.postgres->connection);
  for (const Mirror& mirror : config.mirrors) warn(fmt::format("mirror \"{}\"", mirror.name), mirror.connection);
  return warnings;
}

}  // namespace pgmirror::config
