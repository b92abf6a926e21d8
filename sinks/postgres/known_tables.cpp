#include "sinks/postgres/known_tables.hpp"

namespace pgmirror::sinks::postgres {

std::map<std::pair<std::string, std::string>, KnownTable> known_tables(libpq::Connection& connection,
                                                                       const std::string& mirror) {
  const libpq::Result rows =
      connection.execute("SELECT schema_name, table_name, state, created FROM pgmirror.tables WHERE mirror = $1",
                         libpq::Parameters{}.text(mirror));
  std::map<std::pair<std::string, std::string>, KnownTable> tables;
  for (int row = 0; row < rows.rows(); ++row) {
    tables[{std::string(rows.text(row, 0)), std::string(rows.text(row, 1))}] = {.state = std::string(rows.text(row, 2)),
                                                                                .created = rows.boolean(row, 3)};
  }
  return tables;
}

bool is_ours(libpq::Connection& connection, const std::string& mirror, const std::string& schema,
             const std::string& table) {
  return connection
             .execute(
                 "SELECT FROM pgmirror.tables WHERE mirror = $1 AND schema_name = $2 AND table_name = $3 AND created",
                 libpq::Parameters::texts({mirror, schema, table}))
             .rows() > 0;
}

}  // namespace pgmirror::sinks::postgres
