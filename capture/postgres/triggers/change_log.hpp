#pragma once

#include <string>

#include "capture/postgres/object_node.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres::triggers {

/// The schema `pgmirror` of a source whose changes are found by triggers: the log `pgmirror.changes`, the function that
/// writes it, and `pgmirror.progress`, which says how far the log has been read (progress.hpp).
///
/// A row of the log has the transaction that wrote it, the table, and what the change touched as the server prints a
/// row, `(7,"a b",)`: the old row, the new row, both or, for a TRUNCATE, neither. Of a table with a key only the cells
/// up to the last one of the key are kept; `=` in place of an old row says that it had the same. A row for the log
/// itself says that somebody has emptied it. No column's name stands anywhere, so that nothing an application does to
/// its tables can make its own writes fail.

/// What makes it, harmless to repeat.
std::string change_log_sql();
/// Whether all of it is there, as this version makes it or an earlier one did. Throws DatabaseError.
bool has_change_log(libpq::Connection& connection);
/// Puts this version's function in the place of an earlier version's; triggers and log stay as they are. Whether there
/// was one. Throws DatabaseError.
bool renew_log_function(libpq::Connection& connection);
/// Somebody whose disk is full may empty the log by TRUNCATE: from here on that leaves a row for the log itself, so
/// that it shows. Logs of earlier versions are without. Waits three seconds for writers at most. Throws DatabaseError.
void note_truncation(libpq::Connection& connection);
/// Makes it in one transaction. Throws DatabaseError.
void make_change_log(libpq::Connection& connection);
/// Takes it away; the schema too where nothing else is in it. No trigger may use it any more. Throws DatabaseError.
void drop_change_log(libpq::Connection& connection);

/// What the log calls itself in its rows; it stands. Throws DatabaseError.
ObjectId change_log_oid(libpq::Connection& connection);

/// The trigger function as SQL names it, and as a condition on pg_trigger t.
inline constexpr const char* log_function = "pgmirror.log_change";
std::string calls_log_function();

}  // namespace pgmirror::capture::postgres::triggers
