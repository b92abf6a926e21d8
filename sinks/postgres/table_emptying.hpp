#pragma once

#include <vector>

#include "libpq/connection.hpp"
#include "sinks/postgres/mirror_table.hpp"

namespace pgmirror::sinks::postgres {

/// Takes all rows out of the tables, as the source has done, with the odd values kept for them. Tables of a PostgreSQL
/// source go together, so that foreign keys among them do not matter, and large ones by TRUNCATE: that waits for
/// readers, and shows an empty table to those whose snapshot is older. Inside the caller's transaction. Throws
/// DatabaseError.
void empty_tables(libpq::Connection& connection, const std::vector<MirrorTablePtr>& tables);

}  // namespace pgmirror::sinks::postgres
