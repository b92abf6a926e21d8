#pragma once

#include <string>

#include "libpq/connection.hpp"

namespace pgmirror::sinks::postgres {

/// Creates the schema `pgmirror` in the mirror, or brings an older one up to date, in one transaction.
///
/// Any number of agents may do so at once. Tables: version, checkpoint, tables, parked, odd_values, schema_history;
/// view status for people; function advance_checkpoint. Row level security on, nothing granted to anybody. Throws
/// DatabaseError; std::runtime_error when the schema was made by a newer pgmirror.
void create_control_schema(libpq::Connection& connection);

/// Moves the checkpoint inside the transaction that carries the rows. Parameters, in order: mirror text, epoch bigint,
/// expected position bigint, next position bigint, commit time timestamptz.
///
/// Takes the row lock first and compares then, so it waits for a predecessor in flight and sees its result. Raises
/// SQLSTATE PM001 when the position is another one, PM002 when the epoch is (a second agent has claimed the mirror).
inline constexpr const char* advance_checkpoint_sql = "SELECT pgmirror.advance_checkpoint($1, $2, $3, $4, $5)";
inline constexpr const char* position_differs = "PM001";
inline constexpr const char* epoch_differs = "PM002";

}  // namespace pgmirror::sinks::postgres
