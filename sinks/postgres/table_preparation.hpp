#pragma once

#include "change/snapshot.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/schema_builder.hpp"

namespace pgmirror::sinks::postgres {

/// Tables and columns that a source's relations need before rows are copied, as SchemaBuilder::prepare() makes them
/// where the source has no statements of its own: all of it is decided before anything is done.
struct PreparedTables {
  SchemaReport report;
  std::size_t standing = 0;  ///< of the source's tables that were there before
};

/// One transaction. Throws SchemaError with the whole list of what does not fit, DatabaseError.
PreparedTables prepare_tables(libpq::Connection& connection, const SchemaBuilder& builder, change::Snapshot& snapshot);

}  // namespace pgmirror::sinks::postgres
