#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/table_rules.hpp"

namespace pgmirror::config {

/// How to reach one PostgreSQL server; every part is handed to libpq as its own parameter.
///
/// The password is a secret: it is never logged and never part of a message.
struct ConnectionSettings {
  std::string host;
  std::uint16_t port = 5432;
  std::string database;
  std::string user;
  std::string password;
  std::string sslmode;      ///< as libpq has them; empty until the default for the host has been chosen
  std::string sslrootcert;  ///< empty: none, whatever the home directory holds
  /// Further libpq parameters of the URL, unchanged (connect_timeout, options, ...).
  std::map<std::string, std::string> parameters{};

  /// `host:port/database`, safe to print.
  std::string address() const;
};

struct SqliteSource {
  std::filesystem::path file;
  /// Consent to switch a store in rollback-journal mode to WAL.
  bool switch_to_wal = false;
};

/// How the changes of a PostgreSQL source are found.
enum class CaptureMethod : std::uint8_t {
  decoding,  ///< logical decoding of the server's log, commit by commit
  triggers,  ///< triggers in the source, for servers without wal_level=logical; consent to make them there
};

struct PostgresSource {
  ConnectionSettings connection;
  CaptureMethod method = CaptureMethod::decoding;
  std::string slot;         ///< replication slot; empty: `pgmirror_` and the database's name
  std::string publication;  ///< empty: as the slot
  /// Objects beyond tables that the mirror gets.
  bool views = true;  ///< materialized ones as well
  bool functions = false;
  bool triggers = false;  ///< made disabled
  bool policies = false;  ///< row level security policies of tables that have it switched on
};

/// What to do with a change that the mirror refuses for good.
enum class PoisonRule : std::uint8_t { stop_table, park, stop };

/// `types:` of one column: the target type and how the source writes it (`iso8601`, `unix`, `unix_ms`, `julian`,
/// empty).
struct TypeOverride {
  std::string type;
  std::string encoding;
};

struct Mirror {
  std::string name = "mirror";
  ConnectionSettings connection;
  std::string schema = "public";   ///< where a SQLite store lands
  unsigned pool = 3;               ///< connections the first copy may use
  unsigned apply_connections = 2;  ///< by which changes are applied at once, 1 or 2
  PoisonRule on_poison = PoisonRule::stop_table;
  bool foreign_keys = true;
  bool drop_tables = false;                     ///< follow DROP TABLE; else the table stays, frozen
  std::map<std::string, TypeOverride> types{};  ///< by `table.column` as the source names them
};

struct Queue {
  std::uint64_t disk_budget_bytes = std::uint64_t{10} << 30U;
  /// Applied segments are kept this long all the same.
  std::chrono::seconds retention{0};
};

enum class LogFormat : std::uint8_t { text, json };

struct Log {
  std::string level = "info";
  LogFormat format = LogFormat::text;
};

/// Everything the user asked for, checked. Plain data, made once at start.
struct Config {
  bool enabled = true;
  std::string source_url;  ///< as given, without a password: for messages
  std::optional<SqliteSource> sqlite;
  std::optional<PostgresSource> postgres;
  std::vector<Mirror> mirrors;
  TableRules tables;
  std::chrono::seconds verify_every{0};  ///< mirrors are compared with the source so often; zero: only when asked
  /// Bytes of the source that a comparison reads in a second at most; zero: as fast as it goes.
  std::uint64_t verify_rate = 0;
  std::filesystem::path state_dir = "/var/lib/pgmirror";
  Queue queue;
  Log log;
  std::string http_listen;  ///< `address:port`, empty: no endpoint
};

}  // namespace pgmirror::config
