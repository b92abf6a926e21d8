#include "capture/postgres/triggers/progress.hpp"

#include <fmt/format.h>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres::triggers {
namespace {

std::string insertion(change::Position position, const std::string& snapshot, bool promised) {
  return fmt::format(
      "INSERT INTO pgmirror.progress (position, snapshot, promised) VALUES ({}, {}, {})"
      " ON CONFLICT (position) DO UPDATE SET snapshot = excluded.snapshot",
      position.value, libpq::quote_literal(snapshot), promised);
}

}  // namespace

void Progress::begin(libpq::Connection& connection, change::Position position, const std::string& snapshot) {
  libpq::DatabaseTransaction transaction(connection);
  connection.execute("SET LOCAL synchronous_commit = on; DELETE FROM pgmirror.progress; " +
                     insertion(position, snapshot, false));
  transaction.commit();
}

bool Progress::any(libpq::Connection& connection) {
  return connection.execute("SELECT EXISTS (SELECT FROM pgmirror.progress)").boolean(0, 0);
}

std::string Progress::snapshot_at(libpq::Connection& connection, change::Position position) {
  const libpq::Result result =
      connection.execute(fmt::format("SELECT snapshot FROM pgmirror.progress WHERE position = {}", position.value));
  return result.rows() == 0 ? std::string() : std::string(result.text(0, 0));
}

void Progress::store(libpq::Connection& connection, change::Position position, const std::string& snapshot,
                     bool promised) {
  libpq::DatabaseTransaction transaction(connection);
  connection.execute("SET LOCAL synchronous_commit = on; " + insertion(position, snapshot, promised));
  transaction.commit();
}

std::vector<change::Position> Progress::promises_after(libpq::Connection& connection, change::Position position) {
  const libpq::Result result = connection.execute(fmt::format(
      "SELECT position FROM pgmirror.progress WHERE promised AND position > {} ORDER BY 1", position.value));
  std::vector<change::Position> promises;
  for (int row = 0; row < result.rows(); ++row) {
    promises.push_back({static_cast<std::uint64_t>(result.integer(row, 0))});
  }
  return promises;
}

void Progress::release(libpq::Connection& connection, change::Position position, const std::string& snapshot) {
  libpq::DatabaseTransaction transaction(connection);
  // What is lost of this is done again with the next.
  connection.execute(fmt::format(
      "SET LOCAL synchronous_commit = off; DELETE FROM pgmirror.progress WHERE position < {0};"
      " DELETE FROM pgmirror.changes WHERE xid < {1};"
      " DELETE FROM pgmirror.changes WHERE xid >= {1} AND txid_visible_in_snapshot(xid, {2}::txid_snapshot)",
      position.value, oldest_running(snapshot), libpq::quote_literal(snapshot)));
  transaction.commit();
}

std::string oldest_running(const std::string& snapshot) { return snapshot.substr(0, snapshot.find(':')); }

}  // namespace pgmirror::capture::postgres::triggers
