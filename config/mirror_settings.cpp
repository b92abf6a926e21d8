#include "config/mirror_settings.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "config/connection_url.hpp"
#include "config/tls.hpp"
#include "config/value_reader.hpp"

namespace pgmirror::config {
namespace {

/// A key of the mirror and libpq's name for the same part in a URL.
struct Part {
  std::string_view key;
  std::string_view url_name;
};
constexpr std::array parts{Part{"mirror.host", "host"},
                           Part{"mirror.port", "port"},
                           Part{"mirror.name", "dbname"},
                           Part{"mirror.user", "user"},
                           Part{"mirror.password", "password"},
                           Part{"mirror.sslmode", "sslmode"},
                           Part{"mirror.sslrootcert", "sslrootcert"}};

std::string parse_secret(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) throw InvalidValue("holds a NUL byte");
  return std::string(text);
}

std::string parse_name(std::string_view text) {
  if (is_postgres_url(text)) throw InvalidValue("holds a whole URL; set the url instead");
  return parse_plain_text(text);
}

ConnectionSettings connection_of(const GivenValues& values, std::vector<std::string>& problems) {
  ConnectionSettings connection;
  ValueReader reader(values, problems);
  reader.read("mirror.host", connection.host, parse_name);
  reader.read("mirror.port", connection.port, parse_port);
  reader.read("mirror.name", connection.database, parse_name);
  reader.read("mirror.user", connection.user, parse_name);
  reader.read("mirror.password", connection.password, parse_secret);
  reader.read("mirror.sslmode", connection.sslmode, parse_sslmode);
  reader.read("mirror.sslrootcert", connection.sslrootcert, parse_plain_text);
  return connection;
}

/// The parts of a URL as values of its own place and layer. What has no key of its own is left in `rest`.
GivenValues split(const GivenValue& url, std::map<std::string, std::string>& rest) {
  GivenValues values;
  UrlParts found = parse_connection_url(url.text);
  for (const Part& part : parts) {
    const auto value = found.find(part.url_name);
    if (value == found.end()) continue;
    values.put(part.key, {url.layer, url.place, value->second});
    found.erase(value);
  }
  rest.insert(found.begin(), found.end());
  return values;
}

void require(const std::string& value, const GivenMirror& given, std::string_view what, std::string_view variable,
             std::string_view key, std::vector<std::string>& problems) {
  if (!value.empty()) return;
  if (given.place.empty()) {
    problems.push_back(
        fmt::format("mirror \"{}\": no {}; set {} or put it into MIRROR_DB_URL", given.name, what, variable));
  } else {
    problems.push_back(fmt::format("{}: mirror \"{}\" has no {}; set \"{}\" or put it into \"url\"", given.place,
                                   given.name, what, key));
  }
}

void read_connection(const GivenMirror& given, Mirror& mirror, std::vector<std::string>& problems) {
  const std::size_t problems_before = problems.size();
  GivenValues merged;
  std::map<std::string, std::string> rest;
  if (const GivenValue* const url = given.values.find("mirror.url")) {
    try {
      merged = split(*url, rest);
    } catch (const InvalidValue& why) {
      problems.push_back(fmt::format("{}: {}", url->place, why.what()));
    }
  }
  for (const Part& part : parts) {
    if (const GivenValue* const value = given.values.find(part.key)) merged.put(part.key, *value);
  }
  mirror.connection = connection_of(merged, problems);
  mirror.connection.parameters = std::move(rest);
  if (problems.size() > problems_before) return;
  require(mirror.connection.host, given, "host", "MIRROR_DB_HOST", "host", problems);
  require(mirror.connection.database, given, "database", "MIRROR_DB_NAME", "name", problems);
  require(mirror.connection.user, given, "user", "MIRROR_DB_USER", "user", problems);
  try {
    settle_tls(mirror.connection);
  } catch (const InvalidValue& why) {
    const GivenValue* const cause =
        merged.find(mirror.connection.sslrootcert.empty() ? "mirror.sslmode" : "mirror.sslrootcert");
    problems.push_back(fmt::format("{}: {}", cause->place, why.what()));
  }
}

}  // namespace

Mirror read_mirror(const GivenMirror& given, std::vector<std::string>& problems) {
  Mirror mirror;
  mirror.name = given.name;
  read_connection(given, mirror, problems);
  ValueReader reader(given.values, problems);
  reader.read("mirror.schema", mirror.schema, parse_mirror_schema);
  reader.read("mirror.pool", mirror.pool, parse_pool);
  reader.read("mirror.apply_connections", mirror.apply_connections, parse_apply_connections);
  reader.read("mirror.on_poison", mirror.on_poison, parse_poison_rule);
  reader.read("mirror.foreign_keys", mirror.foreign_keys, parse_boolean);
  reader.read("mirror.drop_tables", mirror.drop_tables, parse_boolean);
  return mirror;
}

ConnectionSettings read_source_url(const std::string& url) {
  std::map<std::string, std::string> rest;
  std::vector<std::string> problems;
  ConnectionSettings connection = connection_of(split({Layer::file, "", url}, rest), problems);
  if (!problems.empty()) throw InvalidValue(problems.front());
  connection.parameters = std::move(rest);
  if (connection.host.empty()) throw InvalidValue("names no host");
  if (connection.database.empty()) throw InvalidValue("names no database");
  if (connection.user.empty()) throw InvalidValue("names no user");
  settle_source_tls(connection);
  return connection;
}

}  // namespace pgmirror::config
