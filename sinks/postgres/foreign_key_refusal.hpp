#pragma once

#include <vector>

#include "change/relation.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/schema_builder.hpp"

namespace pgmirror::sinks::postgres {

/// Removes a foreign key of the mirror that rows of the source violate, if pgmirror made it: a source need not hold to
/// its own foreign keys (SQLite checks them only where the application asks for it), and they are in the mirror for
/// tools that follow them. Recorded in pgmirror.schema_history with the reason, and warned of.
///
/// One transaction of its own. False when the constraint is not one that we give these relations. Throws DatabaseError.
bool drop_refusing_foreign_key(libpq::Connection& connection, const SchemaBuilder& schema,
                               const std::vector<change::RelationPtr>& relations, change::Position position,
                               const libpq::ConstraintName& refusing);

}  // namespace pgmirror::sinks::postgres
