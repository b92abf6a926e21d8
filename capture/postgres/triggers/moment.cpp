#include "capture/postgres/triggers/moment.hpp"

#include <algorithm>
#include <utility>

namespace pgmirror::capture::postgres::triggers {

Moment::Moment(libpq::Connection connection, change::Position last) : connection_(std::move(connection)) {
  connection_.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit = off");
  // The log's place is asked for in the second statement: the snapshot stands by then.
  snapshot_ = connection_.execute("SELECT pg_catalog.txid_current_snapshot()").text(0, 0);
  const libpq::Result place = connection_.execute(
      "SELECT pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_lsn,"
      " (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint");
  position_.value = std::max(static_cast<std::uint64_t>(place.integer(0, 0)), last.value + 1);
  time_ = change::CommitTime{std::chrono::microseconds{place.integer(0, 1)}};
}

std::string Moment::export_name() {
  return std::string(connection_.execute("SELECT pg_catalog.pg_export_snapshot()").text(0, 0));
}

libpq::Connection Moment::end() {
  connection_.execute("ROLLBACK");
  return std::move(connection_);
}

}  // namespace pgmirror::capture::postgres::triggers
