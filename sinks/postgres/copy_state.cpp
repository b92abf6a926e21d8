#include "sinks/postgres/copy_state.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"
#include "sinks/postgres/control_schema.hpp"
#include "sinks/postgres/pinned_settings.hpp"
#include "sinks/postgres/replica_role.hpp"

namespace pgmirror::sinks::postgres {

void prepare_copying(libpq::Connection& connection) {
  connection.execute(pin_settings_sql(SettingScope::transaction));
  connection.execute(
      "SET LOCAL synchronous_commit = off; SET LOCAL statement_timeout = 0; "
      "SET LOCAL idle_in_transaction_session_timeout = 0");
  set_replica_role(connection);
}

void check_epoch(libpq::Connection& connection, const std::string& mirror, std::int64_t epoch, const char* lock) {
  const libpq::Result row =
      connection.execute(fmt::format("SELECT epoch FROM pgmirror.checkpoint WHERE mirror = $1 {}", lock),
                         libpq::Parameters::texts({mirror}));
  if (row.rows() == 1 && row.integer(0, 0) == epoch) return;
  throw libpq::DatabaseError(fmt::format("mirror is not owned by epoch {} any more", epoch), epoch_differs, false);
}

void make_live(libpq::Connection& connection, const std::string& mirror, const MirrorTable& table,
               change::Position position, std::uint64_t rows) {
  connection.execute(
      "INSERT INTO pgmirror.tables AS t (mirror, schema_name, table_name, state, created, copied_at, rows, whole) "
      "VALUES ($1, $2, $3, 'live', false, $4, $5, false) ON CONFLICT (mirror, schema_name, table_name) DO UPDATE "
      "SET state = 'live', copied_at = excluded.copied_at, rows = excluded.rows, whole = false, last_error = NULL, "
      "updated_at = pg_catalog.now()",
      libpq::Parameters::texts({mirror, table.schema, table.name})
          .integer(static_cast<std::int64_t>(position.value))
          .integer(static_cast<std::int64_t>(rows)));
  // The copy has what they were to bring, and what has become of it since: a retry would take it back.
  connection.execute(
      "DELETE FROM pgmirror.parked WHERE mirror = $1 AND schema_name = $2 AND table_name = $3 AND position <= $4",
      libpq::Parameters::texts({mirror, table.schema, table.name}).integer(static_cast<std::int64_t>(position.value)));
}

void gather_statistics(libpq::Connection& connection, const std::string& mirror) {
  const libpq::Result tables = connection.execute(
      "SELECT schema_name, table_name FROM pgmirror.tables WHERE mirror = $1 AND state = 'live' AND NOT whole",
      libpq::Parameters::texts({mirror}));
  for (int row = 0; row < tables.rows(); ++row) {
    const std::string table = libpq::qualified(tables.text(row, 0), tables.text(row, 1));
    try {
      libpq::DatabaseTransaction transaction(connection);
      prepare_copying(connection);
      connection.execute("ANALYZE " + table);
      transaction.commit();
    } catch (const libpq::DatabaseError& error) {
      if (error.connection_lost()) throw;
      spdlog::warn("[MirrorSchema] No statistics of {} yet: {}", table, error.what());
    }
  }
}

void make_whole(libpq::Connection& connection, const std::string& mirror) {
  libpq::DatabaseTransaction transaction(connection);
  connection.execute("UPDATE pgmirror.tables SET whole = true WHERE mirror = $1 AND NOT whole",
                     libpq::Parameters::texts({mirror}));
  transaction.commit();
}

bool any_not_whole(libpq::Connection& connection, const std::string& mirror) {
  return connection
             .execute("SELECT FROM pgmirror.tables WHERE mirror = $1 AND state = 'live' AND NOT whole",
                      libpq::Parameters::texts({mirror}))
             .rows() > 0;
}

void make_awaiting(libpq::Connection& connection, const std::string& mirror, const MirrorTable& table,
                   const std::string& reason) {
  connection.execute(
      "UPDATE pgmirror.tables SET state = 'copying', copied_at = 0, last_error = $4"
      " WHERE mirror = $1 AND schema_name = $2 AND table_name = $3",
      libpq::Parameters::texts({mirror, table.schema, table.name, reason}));
  spdlog::warn("[MirrorCopy] Table {}.{} is copied again: {}", table.schema, table.name, reason);
}

void make_stopped(libpq::Connection& connection, const std::string& mirror, const MirrorTable& table,
                  const std::string& reason) {
  connection.execute(
      "UPDATE pgmirror.tables SET state = 'stopped', last_error = $4, updated_at = pg_catalog.now() "
      "WHERE mirror = $1 AND schema_name = $2 AND table_name = $3",
      libpq::Parameters::texts({mirror, table.schema, table.name, reason}));
}

}  // namespace pgmirror::sinks::postgres
