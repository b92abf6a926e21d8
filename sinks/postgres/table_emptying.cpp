#include "sinks/postgres/table_emptying.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>

#include "sinks/postgres/failure.hpp"

namespace pgmirror::sinks::postgres {
namespace {

/// Above this size a table is emptied by TRUNCATE.
constexpr std::int64_t most_bytes_deleted = std::int64_t{16} << 20U;

bool is_large(libpq::Connection& connection, const MirrorTable& table) {
  const libpq::Result size = connection.execute("SELECT pg_catalog.pg_total_relation_size($1::text::regclass)",
                                                libpq::Parameters::texts({table.quoted}));
  return size.integer(0, 0) > most_bytes_deleted;
}

void delete_all(libpq::Connection& connection, const std::vector<std::string>& tables) {
  for (const std::string& table : tables) connection.execute("DELETE FROM " + table);
}

void truncate(libpq::Connection& connection, const std::vector<std::string>& tables) {
  connection.execute("SAVEPOINT emptying");
  try {
    connection.execute(fmt::format("TRUNCATE {}", fmt::join(tables, ", ")));
  } catch (const libpq::DatabaseError& error) {
    if (error.connection_lost() || classify(error).kind == FailureKind::transient) throw;
    connection.execute("ROLLBACK TO SAVEPOINT emptying");
    delete_all(connection, tables);
  }
  connection.execute("RELEASE SAVEPOINT emptying");
}

}  // namespace

void empty_tables(libpq::Connection& connection, const std::vector<MirrorTablePtr>& tables) {
  std::vector<std::string> together;
  bool any_large = false;
  for (const MirrorTablePtr& table : tables) {
    if (table->of_postgres()) {
      together.push_back(table->quoted);
      any_large = any_large || is_large(connection, *table);
    } else {
      // Not TRUNCATE: that is refused while foreign keys point here, whatever the replication role.
      connection.execute("DELETE FROM " + table->quoted);
    }
    connection.execute("DELETE FROM pgmirror.odd_values WHERE schema_name = $1 AND table_name = $2",
                       libpq::Parameters::texts({table->schema, table->name}));
  }
  if (any_large) {
    truncate(connection, together);
  } else {
    delete_all(connection, together);
  }
}

}  // namespace pgmirror::sinks::postgres
