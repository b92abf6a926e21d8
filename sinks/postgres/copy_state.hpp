#pragma once

#include <cstdint>
#include <string>

#include "change/position.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/mirror_table.hpp"

namespace pgmirror::sinks::postgres {

/// What pgmirror.tables.copied_at says of a table that is still to be copied, besides NULL: nothing was done.
/// The first: somebody ordered that its rows be replaced. The second: rows in it are parts of a copy that was
/// interrupted, and together belong to no commit of the source.
inline constexpr const char* replacing_ordered = "0";
inline constexpr const char* parts_unfinished = "-1";

/// The settings of a transaction that copies: values are read as a PostgreSQL source printed them, nothing times out.
void prepare_copying(libpq::Connection& connection);

/// Throws DatabaseError (PM002) once another agent has claimed the mirror. `lock`: of the checkpoint's row, or empty.
void check_epoch(libpq::Connection& connection, const std::string& mirror, std::int64_t epoch, const char* lock);

/// The table holds all rows of the snapshot at `position`, as of the caller's transaction. Older changes of it that are
/// parked are parked no longer.
void make_live(libpq::Connection& connection, const std::string& mirror, const MirrorTable& table,
               change::Position position, std::uint64_t rows);

/// So that the first batches of changes are planned with figures of the rows, long before autovacuum comes by. Of all
/// tables that are not whole; after their indexes, which have figures of their own and need none to be made. One that
/// cannot be had is left to autovacuum.
void gather_statistics(libpq::Connection& connection, const std::string& mirror);
/// What is made over the rows stands: of all tables, whose indexes and the rest are made when copies have come to their
/// end. Its own transaction.
void make_whole(libpq::Connection& connection, const std::string& mirror);
/// Whether a copy came to no such end.
bool any_not_whole(libpq::Connection& connection, const std::string& mirror);

/// The table is to be copied again, whatever it holds. Of `table` only the names are used.
void make_awaiting(libpq::Connection& connection, const std::string& mirror, const MirrorTable& table,
                   const std::string& reason);

/// The table is left as it is until somebody orders that it be copied. Of `table` only the names are used.
void make_stopped(libpq::Connection& connection, const std::string& mirror, const MirrorTable& table,
                  const std::string& reason);

}  // namespace pgmirror::sinks::postgres
