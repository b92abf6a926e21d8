#include "agent/parked_command.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/command_config.hpp"
#include "config/nearest_name.hpp"
#include "sinks/postgres/parked_changes.hpp"

namespace pgmirror::agent {

using libpq::Connection;
using nlohmann::json;
using sinks::postgres::ParkedChange;

namespace {

std::vector<const config::Mirror*> chosen_mirrors(const config::Config& config, const std::string& name) {
  std::vector<const config::Mirror*> chosen;
  std::vector<std::string> names;
  for (const config::Mirror& mirror : config.mirrors) {
    names.push_back(mirror.name);
    if (name.empty() || mirror.name == name) chosen.push_back(&mirror);
  }
  if (chosen.empty()) {
    throw config::ConfigError(
        {fmt::format("mirror \"{}\": is not configured{}", name, config::did_you_mean(name, names))});
  }
  return chosen;
}

const config::Mirror& single_mirror(const config::Config& config, const std::string& name) {
  const auto chosen = chosen_mirrors(config, name);
  if (chosen.size() > 1) throw config::ConfigError({"parked: there are several mirrors; name one with --mirror"});
  return *chosen.front();
}

Connection connect(const config::Mirror& mirror) {
  return {mirror.connection, "pgmirror parked", Connection::Access::read_write, {.pin_names = true}};
}

bool has_parked_table(Connection& connection) {
  return connection.execute("SELECT pg_catalog.to_regclass('pgmirror.parked') IS NOT NULL").boolean(0, 0);
}

json to_json(const std::string& mirror, const ParkedChange& change) {
  return {{"mirror", mirror},
          {"id", change.id},
          {"position", to_string(change.position)},
          {"schema", change.schema},
          {"table", change.table},
          {"operation", change.operation},
          {"error", change.error},
          {"sqlstate", change.sqlstate}};
}

ExitCode report(bool found, std::int64_t id, const char* what) {
  if (!found) {
    fmt::print(stderr, "parked change {}: there is none; see \"pgmirror parked list\"\n", id);
    return ExitCode::failure;
  }
  fmt::print("parked change {}: {}\n", id, what);
  return ExitCode::done;
}

}  // namespace

ExitCode parked_list_command(const config::Flags& flags, const std::string& mirror, bool as_json) {
  const config::Config config = command_config(flags);
  json listed = json::array();
  for (const config::Mirror* each : chosen_mirrors(config, mirror)) {
    Connection connection(each->connection, "pgmirror parked", Connection::Access::read_only, {.pin_names = true});
    if (!has_parked_table(connection)) continue;
    for (const ParkedChange& change : sinks::postgres::list_parked(connection, each->name)) {
      listed.push_back(to_json(each->name, change));
    }
  }
  if (as_json) {
    fmt::print("{}\n", listed.dump(2, ' ', false, json::error_handler_t::replace));
    return ExitCode::done;
  }
  if (listed.empty()) fmt::print("nothing is parked\n");
  for (const json& change : listed) {
    fmt::print("{:>6}  mirror {}  {} {}.{} at {}: {} ({})\n", change["id"].get<std::int64_t>(),
               change["mirror"].get<std::string>(), change["operation"].get<std::string>(),
               change["schema"].get<std::string>(), change["table"].get<std::string>(),
               change["position"].get<std::string>(), change["error"].get<std::string>(),
               change["sqlstate"].get<std::string>());
  }
  return ExitCode::done;
}

ExitCode parked_retry_command(const config::Flags& flags, const std::string& mirror, std::int64_t id) {
  const config::Config config = command_config(flags);
  const config::Mirror& chosen = single_mirror(config, mirror);
  Connection connection = connect(chosen);
  const bool found =
      has_parked_table(connection) && retry_parked(connection, sinks::postgres::SchemaBuilder(chosen), chosen.name, id);
  return report(found, id, "applied, and no longer parked");
}

ExitCode parked_discard_command(const config::Flags& flags, const std::string& mirror, std::int64_t id) {
  const config::Config config = command_config(flags);
  const config::Mirror& chosen = single_mirror(config, mirror);
  Connection connection = connect(chosen);
  const bool found = has_parked_table(connection) && sinks::postgres::discard_parked(connection, chosen.name, id);
  return report(found, id, "forgotten; the mirror lacks it");
}

}  // namespace pgmirror::agent
