#pragma once

#include <string>
#include <vector>

#include "change/snapshot.hpp"
#include "config/config.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/schema_builder.hpp"

namespace pgmirror::tests {

/// A new database of the shared cluster with the control schema in it, as the agent's sink has it at its first start.
struct MirrorDatabase {
  MirrorDatabase();

  /// First column of the first row.
  std::string ask(const std::string& sql);
  /// All rows, columns joined with `|`, NULL as `~`.
  std::vector<std::string> rows(const std::string& sql);
  /// Makes the tables of `snapshot` and fills them.
  void copy(change::Snapshot& snapshot);
  sinks::postgres::SchemaBuilder builder() const { return sinks::postgres::SchemaBuilder(mirror); }

  config::Mirror mirror;
  libpq::Connection connection;
  std::int64_t epoch = 0;
};

}  // namespace pgmirror::tests
