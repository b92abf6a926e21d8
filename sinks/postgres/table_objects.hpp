#pragma once

#include <vector>

#include "change/relation.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/schema_builder.hpp"

namespace pgmirror::sinks::postgres {

/// Indexes and, where the configuration wants them, foreign keys of those of `relations` whose tables we made, as far
/// as they are missing: SchemaBuilder::build_indexes(). Throws DatabaseError.
SchemaReport build_table_objects(libpq::Connection& connection, const SchemaBuilder& builder,
                                 const std::vector<change::RelationPtr>& relations);

}  // namespace pgmirror::sinks::postgres
