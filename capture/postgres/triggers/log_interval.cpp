#include "capture/postgres/triggers/log_interval.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "capture/postgres/triggers/progress.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres::triggers {

std::string LogInterval::condition() const {
  return fmt::format("xid >= {} AND NOT txid_visible_in_snapshot(xid, {}::txid_snapshot)", oldest_running(since_),
                     libpq::quote_literal(since_));
}

std::string LogInterval::condition(const std::vector<ObjectId>& relations) const {
  return fmt::format("relation = ANY ('{{{}}}'::oid[]) AND {}", fmt::join(relations, ","), condition());
}

bool LogInterval::has_rows(libpq::Connection& connection) const {
  return connection.execute("SELECT EXISTS (SELECT FROM pgmirror.changes WHERE " + condition() + ")").boolean(0, 0);
}

std::map<ObjectId, LogInterval::Extent> LogInterval::extents(libpq::Connection& connection) const {
  const libpq::Result result = connection.execute(
      "SELECT relation, count(*), bool_or(old IS NULL AND new IS NULL) FROM pgmirror.changes WHERE " + condition() +
      " GROUP BY relation");
  std::map<ObjectId, Extent> extents;
  for (int row = 0; row < result.rows(); ++row) {
    extents[static_cast<ObjectId>(result.integer(row, 0))] = {
        .rows = static_cast<std::uint64_t>(result.integer(row, 1)), .truncated = result.boolean(row, 2)};
  }
  return extents;
}

}  // namespace pgmirror::capture::postgres::triggers
