#include "capture/postgres/triggers/source_check.hpp"

#include <fmt/format.h>

#include "capture/postgres/triggers/change_log.hpp"
#include "capture/postgres/triggers/progress.hpp"

namespace pgmirror::capture::postgres::triggers {
namespace {

/// One number for all that is ours, in two halves: "pgmi", "rror".
constexpr const char* lock_number = "1885826409, 1920102258";

}  // namespace

void require_fit(const SourceFacts& facts, const std::string& source) {
  SourceFacts decodable = facts;
  decodable.wal_level = "logical";
  require_usable(decodable, source);
}

std::string require_continuation(libpq::Connection& connection, const SourceFacts& facts,
                                 const ExpectedHistory& expected) {
  require_same_history(facts, expected);
  if (!has_change_log(connection)) {
    throw SourceRefused(fmt::format(
        "source {}: the log of changes in schema pgmirror is gone or another one, so changes may be missing; "
        "run \"pgmirror resync --all\" to copy everything again",
        expected.source));
  }
  std::string snapshot = Progress::snapshot_at(connection, expected.queue_end);
  if (snapshot.empty()) {
    throw SourceRefused(fmt::format(
        "source {}: the log of changes does not know the queue's end {}: the database or the state directory "
        "was restored from a backup, or the queue was captured by logical decoding; restore the newest "
        "state directory, or run \"pgmirror resync --all\" to copy everything again",
        expected.source, to_string(expected.queue_end)));
  }
  return snapshot;
}

void take_log(libpq::Connection& connection) {
  if (connection.execute(fmt::format("SELECT pg_try_advisory_lock({})", lock_number)).boolean(0, 0)) return;
  const libpq::Result holder = connection.execute(
      fmt::format("SELECT l.pid, coalesce(a.client_addr::text, 'unknown') FROM pg_locks l"
                  " LEFT JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted AND"
                  " l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND"
                  " (l.classid::bigint, l.objid::bigint) = ({})",
                  lock_number));
  throw libpq::DatabaseError(holder.rows() == 0
                                 ? std::string("the log of changes was in use a moment ago")
                                 : fmt::format("the log of changes is in use by server process {} for client {}",
                                               holder.text(0, 0), holder.text(0, 1)),
                             "55006", false);
}

}  // namespace pgmirror::capture::postgres::triggers
