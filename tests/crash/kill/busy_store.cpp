#include "tests/crash/kill/busy_store.hpp"

#include <fmt/format.h>

#include "tests/support/eventually.hpp"

namespace pgmirror::tests {
namespace {

/// Enough rows that a copy takes long enough to be killed in.
constexpr std::int64_t history_rows = 40'000;
constexpr std::int64_t most_note_columns = 8;

std::string series(std::int64_t count) {
  return fmt::format("WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {})", count);
}

}  // namespace

BusyStore::BusyStore(const std::filesystem::path& file) : database_(file) {
  if (database_.query_integer("SELECT count(*) FROM sqlite_schema WHERE name = 'account'") == 0) {
    database_.exec(fmt::format(
        "BEGIN IMMEDIATE;"
        "CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, transfers INTEGER NOT NULL);"
        "CREATE TABLE ledger (number INTEGER, source INTEGER, target INTEGER, amount INTEGER);"
        "CREATE TABLE counter (name TEXT PRIMARY KEY, n INTEGER NOT NULL);"
        "CREATE TABLE history (id INTEGER PRIMARY KEY, version INTEGER, body TEXT, price REAL);"
        "CREATE TABLE note (body TEXT, extra BLOB);"
        "INSERT INTO account {} SELECT i, 1000, 0 FROM n;"
        "INSERT INTO counter {} SELECT 'counter ' || i, 0 FROM n;"
        "INSERT INTO history {} SELECT i, 0, hex(randomblob(60)), i / 7.0 FROM n;"
        "COMMIT",
        series(accounts), series(counters), series(history_rows)));
  }
  number_ = database_.query_integer("SELECT coalesce(max(number), 0) FROM ledger");
}

void BusyStore::work() {
  transfer();
  if (number_ % 97 == 0) rewrite_history();
  if (number_ % 701 == 0) widen_notes();
  // Under the feet of whoever follows the log.
  if (number_ % 307 == 0) database_.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  let_time_pass(std::chrono::milliseconds{1});
}

void BusyStore::transfer() {
  const std::int64_t number = number_ + 1;
  const auto source = 1 + number * 7 % accounts;
  const auto target = 1 + (number * 7 + 1 + number % 3) % accounts;
  database_.exec(
      fmt::format("BEGIN IMMEDIATE;"
                  "UPDATE account SET balance = balance - {2}, transfers = transfers + 1 WHERE id = {0};"
                  "INSERT INTO ledger VALUES ({3}, {0}, {1}, {2});"
                  "UPDATE counter SET n = n + 1 WHERE name = 'counter ' || {4};"
                  "INSERT INTO note (body, extra) VALUES ('note {3}', randomblob(20));"
                  "DELETE FROM note WHERE rowid = {3} - 50 OR body = 'note ' || ({3} - 70);"
                  "UPDATE account SET balance = balance + {2} WHERE id = {1};"
                  "COMMIT",
                  source, target, number % 90, number, 1 + number % counters));
  number_ = number;
}

void BusyStore::rewrite_history() {
  const auto first = 1 + number_ * 31 % history_rows;
  database_.exec(
      fmt::format("UPDATE history SET version = version + 1, body = hex(randomblob(60)) "
                  "WHERE id BETWEEN {0} AND {0} + 2000",
                  first));
}

void BusyStore::widen_notes() {
  const auto columns = database_.query_integer("SELECT count(*) FROM pragma_table_info('note')");
  if (columns >= most_note_columns) return;
  database_.exec(fmt::format("ALTER TABLE note ADD COLUMN added_{} INTEGER DEFAULT {}", columns, columns));
}

}  // namespace pgmirror::tests
