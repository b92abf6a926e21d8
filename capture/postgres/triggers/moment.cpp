#include "capture/postgres/triggers/moment.hpp"

#include <algorithm>
#include <utility>

#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres::triggers {
namespace {

constexpr const char* begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit = off";

}  // namespace

Moment::Moment(libpq::Connection connection, change::Position last) : connection_(std::move(connection)) {
  connection_.execute(begin);
  read_snapshot();
  // Asked for in a statement of its own: the snapshot stands by then.
  const libpq::Result place = connection_.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn");
  position_.value = std::max(static_cast<std::uint64_t>(place.integer(0, 0)), last.value + 1);
}

Moment::Moment(libpq::Connection connection, const std::string& exported, change::Position position)
    : connection_(std::move(connection)), position_(position) {
  connection_.execute(begin);
  connection_.execute("SET TRANSACTION SNAPSHOT " + libpq::quote_literal(exported));
  read_snapshot();
}

void Moment::read_snapshot() {
  const libpq::Result result =
      connection_.execute("SELECT txid_current_snapshot(), (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
  snapshot_ = result.text(0, 0);
  time_ = change::CommitTime{std::chrono::microseconds{result.integer(0, 1)}};
}

std::string Moment::export_name() {
  return std::string(connection_.execute("SELECT pg_catalog.pg_export_snapshot()").text(0, 0));
}

libpq::Connection Moment::end() {
  connection_.execute("ROLLBACK");
  return std::move(connection_);
}

}  // namespace pgmirror::capture::postgres::triggers
