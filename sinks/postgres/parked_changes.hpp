#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "change/position.hpp"
#include "libpq/connection.hpp"
#include "libpq/database_error.hpp"
#include "sinks/postgres/net_batch.hpp"
#include "sinks/postgres/schema_builder.hpp"

namespace pgmirror::sinks::postgres {

/// A change that the mirror refused, kept in `pgmirror.parked` with everything needed to apply it later.
struct ParkedChange {
  std::int64_t id = 0;
  change::Position position;
  std::string schema;
  std::string table;
  std::string operation;
  std::string error;
  std::string sqlstate;
};

/// Writes one effect into `pgmirror.parked`, inside the caller's transaction. `ordinal` counts those of one position.
void park(libpq::Connection& connection, const std::string& mirror, change::Position position, std::uint64_t ordinal,
          const MirrorTable& table, const RowEffect& effect, const libpq::DatabaseError& error, unsigned attempts);

/// What is parked for one mirror, oldest first; row values are not read. Throws DatabaseError.
std::vector<ParkedChange> list_parked(libpq::Connection& connection, const std::string& mirror);
std::uint64_t count_parked(libpq::Connection& connection, const std::string& mirror);

/// Applies a parked change to the mirror as it stands now and forgets it, in one transaction. False when there is no
/// such change. Throws DatabaseError when the mirror still refuses it.
///
/// The change is the whole row as it was then. Where the mirror has a row with that key already, a later change has
/// put it there: it is left alone.
bool retry_parked(libpq::Connection& connection, const SchemaBuilder& schema, const std::string& mirror,
                  std::int64_t id);

/// Forgets a parked change. False when there is no such change.
bool discard_parked(libpq::Connection& connection, const std::string& mirror, std::int64_t id);

}  // namespace pgmirror::sinks::postgres
