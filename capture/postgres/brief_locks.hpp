#pragma once

#include <chrono>
#include <functional>

#include "libpq/connection.hpp"
#include "libpq/database_error.hpp"

namespace pgmirror::capture::postgres {

/// For readers that have nothing else to do.
inline constexpr std::chrono::hours as_long_as_it_takes{24 * 365};

/// Runs `read`, which only reads, in a transaction of its own, or in a savepoint of the one that is open.
///
/// The server's printers of views and rules, and its reading of sequences, keep a lock on each table or sequence that
/// they touch until the transaction ends. Waiting for the next one with those in hand can be one half of a deadlock
/// whose victim is the application. So nothing waits here for longer than a moment: what is held is given back, and
/// `read` is called again some milliseconds later, for `patience` at most. One that takes its time is told of in the
/// log.
///
/// Blocks. Throws DatabaseError; is_locked() is true for it where a lock was in the way until the end.
void read_with_brief_locks(libpq::Connection& connection, std::chrono::milliseconds patience,
                           const std::function<void()>& read);

/// Whether somebody's lock was in the way, and nothing else is wrong.
bool is_locked(const libpq::DatabaseError& error);

}  // namespace pgmirror::capture::postgres
