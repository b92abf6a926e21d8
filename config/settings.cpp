#include "config/settings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgmirror::config {

const std::vector<Setting>& settings() {
  using enum SettingKind;
  static const std::vector<Setting> table{
      {"enabled", "DATABASE_MIRROR_ENABLED", boolean, "true", "false: do nothing, look at nothing else"},
      {"config", "MIRROR_CONFIG", file, "", "the YAML file (not in the file itself)"},
      {"source.url", "MIRROR_SOURCE_URL", url, "", "the application's store: sqlite:///data/app.db or postgresql://...",
       true},
      {"capture.sqlite.switch_to_wal", "MIRROR_SWITCH_TO_WAL", boolean, "false",
       "consent to switch a SQLite file in rollback-journal mode to WAL"},
      {"capture.postgres.method", "MIRROR_CAPTURE_METHOD", choice, "decoding",
       "how changes of a PostgreSQL source are found: decoding (wal_level=logical), or triggers, which are made in the "
       "source"},
      {"capture.postgres.slot", "MIRROR_SLOT", text, "",
       "replication slot in a PostgreSQL source; when empty: pgmirror_ and the database's name"},
      {"capture.postgres.publication", "MIRROR_PUBLICATION", text, "",
       "publication in a PostgreSQL source; when empty: named as the slot"},
      {"schema.include", "MIRROR_SCHEMA_INCLUDE", patterns, "views",
       "what the mirror of a PostgreSQL source gets beyond tables, types and sequences: views, functions, triggers "
       "(made disabled), policies (row level security), or none"},
      {"tables.partitioned", "MIRROR_PARTITIONED_TABLES", patterns, "",
       "partitioned tables of a PostgreSQL source that have their partitions in the mirror too; all others are one "
       "table there"},
      {"tables.include", "MIRROR_INCLUDE_TABLES", patterns, "", "only these tables; all when empty"},
      {"tables.exclude", "MIRROR_EXCLUDE_TABLES", patterns, "",
       "tables that never leave the source, for example sessions,audit_*"},
      {"columns.exclude", "MIRROR_EXCLUDE_COLUMNS", patterns, "",
       "columns that never leave the source, for example users.password_digest"},
      {"mirror.url", "MIRROR_DB_URL", url, "", "the mirror: postgresql://user:password@host:port/name", true},
      {"mirror.host", "MIRROR_DB_HOST", text, "", "host name, address or directory of a Unix socket"},
      {"mirror.port", "MIRROR_DB_PORT", port, "5432", "port"},
      {"mirror.name", "MIRROR_DB_NAME", text, "", "database"},
      {"mirror.user", "MIRROR_DB_USER", text, "", "role"},
      {"mirror.password", "MIRROR_DB_PASSWORD", text, "", "the role's password", true},
      {"mirror.sslmode", "MIRROR_DB_SSLMODE", choice, "",
       "disable, allow, prefer, require, verify-ca or verify-full; when empty: verify-full with a CA file, else "
       "require, prefer for "
       "this machine"},
      {"mirror.sslrootcert", "MIRROR_DB_SSLROOTCERT", file, "",
       "CA file to verify the server with; system: what the machine trusts"},
      {"mirror.schema", "MIRROR_DB_SCHEMA", text, "public", "schema in the mirror where a SQLite store lands"},
      {"mirror.pool", "MIRROR_DB_POOL", number, "3",
       "connections that the first copy of a PostgreSQL source may use, 1 to 64"},
      {"mirror.apply_connections", "MIRROR_APPLY_CONNECTIONS", number, "2",
       "connections that apply changes, 1 or 2; a second one is opened where much waits"},
      {"mirror.on_poison", "MIRROR_ON_POISON", choice, "stop_table",
       "what to do with a row that the mirror refuses for good: stop_table, park or stop"},
      {"mirror.foreign_keys", "MIRROR_FOREIGN_KEYS", boolean, "true", "make the source's foreign keys in the mirror"},
      {"mirror.drop_tables", "MIRROR_DROP_TABLES", boolean, "false",
       "follow DROP TABLE; else the table stays as it was"},
      {"types", "", types, "", "target types by table.column: timestamptz, or {type: timestamptz, encoding: unix_ms}"},
      {"verify.every", "MIRROR_VERIFY_EVERY", duration, "0",
       "how often mirrors are compared with the source by content, for example 6h; 0: only by pgmirror verify"},
      {"verify.rate", "MIRROR_VERIFY_RATE", size, "0",
       "the most a comparison reads from the source in a second, for example 20MiB; 0: as fast as it goes"},
      {"state_dir", "MIRROR_STATE_DIR", file, "/var/lib/pgmirror", "queue and source identity; keep it on a volume"},
      {"queue.disk_budget", "MIRROR_QUEUE_DISK_BUDGET", size, "10GiB", "the most the queue may take on disk"},
      {"queue.retention", "MIRROR_QUEUE_RETENTION", duration, "0",
       "how long applied changes are kept, for example 24h"},
      {"log.level", "MIRROR_LOG_LEVEL", choice, "info", "trace, debug, info, warn or error"},
      {"log.format", "MIRROR_LOG_FORMAT", choice, "text", "text or json"},
      {"http.listen", "MIRROR_HTTP_LISTEN", text, "",
       "address:port of status, health and metrics, for example 127.0.0.1:9187"},
  };
  return table;
}

const Setting* find_setting(std::string_view key) {
  const auto found = std::find_if(settings().begin(), settings().end(), [&](const Setting& s) { return s.key == key; });
  return found == settings().end() ? nullptr : &*found;
}

std::vector<std::string> known_variables() {
  std::vector<std::string> names;
  for (const Setting& setting : settings()) {
    if (setting.variable.empty()) continue;
    names.emplace_back(setting.variable);
    if (setting.secret) names.push_back(std::string(setting.variable) + "_FILE");
  }
  return names;
}

std::string settings_listing() {
  std::string listing = "| environment | YAML | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const Setting& setting : settings()) {
    const auto code = [](std::string_view text) { return text.empty() ? std::string() : fmt::format("`{}`", text); };
    std::string variable = code(setting.variable);
    std::string key = setting.key == "config" ? std::string() : code(setting.key);
    if (setting.secret) {
      variable += fmt::format(" or `{}_FILE`", setting.variable);
      key += fmt::format(" or `{}_file`", setting.key);
    }
    listing += fmt::format("| {} | {} | {} | {} |\n", variable, key, code(setting.default_text), setting.meaning);
  }
  return listing;
}

}  // namespace pgmirror::config
