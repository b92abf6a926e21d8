#include "tests/scenario/postgres_sink/mirror_database.hpp"

#include "sinks/postgres/checkpoint.hpp"
#include "sinks/postgres/control_schema.hpp"
#include "sinks/postgres/initial_copy.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::tests {
namespace {

config::Mirror mirror_in_new_database() {
  config::Mirror mirror;
  mirror.connection = shared_postgres().create_database();
  return mirror;
}

}  // namespace

MirrorDatabase::MirrorDatabase() : mirror(mirror_in_new_database()), connection(mirror.connection, "test") {
  sinks::postgres::create_control_schema(connection);
  epoch = sinks::postgres::claim_checkpoint(connection, mirror.name, {"source-one"}).epoch;
}

void MirrorDatabase::copy(change::Snapshot& snapshot) {
  const sinks::postgres::SchemaBuilder making = builder();
  making.prepare(connection, snapshot);
  sinks::postgres::InitialCopy(making, epoch).run(connection, snapshot, {});
}

std::string MirrorDatabase::ask(const std::string& sql) {
  const auto result = connection.execute(sql);
  if (result.rows() == 0) return "(no row)";
  return result.is_null(0, 0) ? "~" : std::string(result.text(0, 0));
}

std::vector<std::string> MirrorDatabase::rows(const std::string& sql) {
  const auto result = connection.execute(sql);
  std::vector<std::string> rows;
  for (int row = 0; row < result.rows(); ++row) {
    std::string& line = rows.emplace_back();
    for (int column = 0; column < result.columns(); ++column) {
      if (column > 0) line += '|';
      line += result.is_null(row, column) ? "~" : result.text(row, column);
    }
  }
  return rows;
}

}  // namespace pgmirror::tests
