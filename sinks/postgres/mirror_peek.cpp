#include "sinks/postgres/mirror_peek.hpp"

#include "sinks/postgres/checkpoint.hpp"
#include "sinks/postgres/failure.hpp"
#include "sinks/postgres/parked_changes.hpp"
#include "sinks/postgres/tls_in_use.hpp"

namespace pgmirror::sinks::postgres {
namespace {

constexpr const char* patience_seconds = "3";

void read_tables(libpq::Connection& connection, MirrorStatus& status) {
  const libpq::Result rows = connection.execute(
      "SELECT schema_name, table_name, state, coalesce(last_error, '') FROM pgmirror.tables WHERE mirror = $1"
      " ORDER BY schema_name, table_name",
      libpq::Parameters::texts({status.name}));
  for (int row = 0; row < rows.rows(); ++row) {
    const auto text = [&](int column) { return std::string(rows.text(row, column)); };
    status.tables.push_back({.schema = text(0), .name = text(1), .state = text(2), .last_error = text(3)});
  }
}

void read(libpq::Connection& connection, MirrorStatus& status) {
  status.tls = tls_in_use(connection);
  if (!connection.execute("SELECT pg_catalog.to_regclass('pgmirror.checkpoint') IS NOT NULL").boolean(0, 0)) return;
  const std::optional<Checkpoint> checkpoint = peek_checkpoint(connection, status.name);
  if (!checkpoint) return;
  status.position = checkpoint->position;
  status.commit_time = checkpoint->commit_time;
  status.parked = count_parked(connection, status.name);
  read_tables(connection, status);
}

}  // namespace

MirrorPeek peek_at_mirror(const config::Mirror& mirror) {
  MirrorPeek peek{
      .status = {.name = mirror.name, .address = mirror.connection.address(), .state = MirrorState::finished}};
  config::ConnectionSettings settings = mirror.connection;
  settings.parameters["connect_timeout"] = patience_seconds;
  try {
    libpq::Connection connection(settings, "pgmirror status", libpq::Connection::Access::read_only,
                                 {.pin_names = true});
    connection.execute("BEGIN READ ONLY; SET LOCAL statement_timeout = '3s'");
    read(connection, peek.status);
    connection.execute("ROLLBACK");
    peek.reachable = true;
  } catch (const libpq::DatabaseError& error) {
    peek.status.reason = classify(error).sentence;
  }
  return peek;
}

}  // namespace pgmirror::sinks::postgres
