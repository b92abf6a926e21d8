#pragma once

#include <cstdint>

#include "change/transaction.hpp"
#include "config/config.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/checkpoint.hpp"

namespace pgmirror::sinks::postgres {

/// A connection on which a worker applies, copies or compares. Its name in the mirror's pg_stat_activity tells whose it
/// is: `pgmirror worker NAME`. Throws DatabaseError.
libpq::Connection open_worker_session(const config::Mirror& mirror);

/// Ends what earlier sessions of this mirror's worker have open in the mirror, and returns how many there were.
///
/// A line that fell silent is given up by us within half a minute, but a server that has nothing to send to it notices
/// after two hours (tcp(7): tcp_keepalive_time). Until then the transaction that was open there keeps its locks, on
/// the checkpoint and on tables that are copied.
///
/// Ends nobody's sessions while the mirror belongs to a claimant from whom this one would not take it. Behind a pooler
/// that gives sessions another name it finds none. Needs the control schema. Throws DatabaseError.
std::int64_t end_abandoned_sessions(libpq::Connection& connection, const config::Mirror& mirror,
                                    const Claimant& claimant);

}  // namespace pgmirror::sinks::postgres
