#include "tests/crash/postgres_kill/busy_database.hpp"

#include <fmt/format.h>

#include "tests/support/connection_text.hpp"

namespace pgmirror::tests {
namespace {

/// Enough rows that a copy takes long enough to be killed in.
constexpr std::int64_t history_rows = 40'000;
constexpr std::int64_t documents = 200;
constexpr std::int64_t movers = 20;  ///< of each client
constexpr unsigned most_clients = 16;

}  // namespace

void BusyDatabase::create(const config::ConnectionSettings& database) {
  pqxx::connection connection(connection_string(database));
  pqxx::nontransaction(connection)
      .exec(
          fmt::format("CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL, transfers bigint NOT NULL);"
                      "CREATE TABLE ledger (number bigint, source int, target int, amount int);"
                      "CREATE TABLE counter (name text PRIMARY KEY, n bigint NOT NULL);"
                      "CREATE TABLE history (id int PRIMARY KEY, version int NOT NULL, body text);"
                      "CREATE TABLE document (id int PRIMARY KEY, n int NOT NULL, body text, extra bytea);"
                      "ALTER TABLE document ALTER body SET STORAGE EXTERNAL, ALTER extra SET STORAGE EXTERNAL;"
                      "CREATE TABLE tally (n int, label text);"
                      "ALTER TABLE tally REPLICA IDENTITY FULL;"
                      "CREATE TABLE mover (id int PRIMARY KEY, place int UNIQUE, label text);"
                      "CREATE TABLE scratch (id bigserial PRIMARY KEY, body text);"
                      "INSERT INTO account SELECT g, 1000, 0 FROM generate_series(1, {}) g;"
                      "INSERT INTO counter SELECT 'counter ' || g, 0 FROM generate_series(0, {}) g;"
                      "INSERT INTO history SELECT g, 0, repeat(md5(g::text), 3) FROM generate_series(1, {}) g;"
                      "INSERT INTO document SELECT g, 0, repeat(md5(g::text), 200), NULL FROM generate_series(1, {}) g;"
                      "INSERT INTO mover SELECT c * 1000 + g, c * 1000 + g, 'mover ' || g"
                      " FROM generate_series(0, {}) c, generate_series(1, {}) g",
                      accounts, counters - 1, history_rows, documents, most_clients - 1, movers));
}

BusyClient::Done BusyClient::work(pqxx::connection& connection) {
  pqxx::work transaction(connection);
  const auto what = below(100);
  const bool moves_money = what < 60;
  if (moves_money) transfer(transaction);
  if (what >= 55 && what < 72) write_document(transaction);
  if (what >= 68 && what < 82) write_tally(transaction);
  if (what >= 78 && what < 90) move_keys(transaction);
  if (what >= 88 && what < 94) try_and_think_again(transaction);
  if (what >= 92 && what < 99) use_scratch(transaction);
  if (what == 99) rewrite_history(transaction);
  transaction.commit();
  return {.moved_money = moves_money};
}

/// One transfer at a time, so that the ledger has no holes: the lock is taken by a statement of its own, the next one
/// sees what the last holder committed.
void BusyClient::transfer(pqxx::work& transaction) {
  const auto source = 1 + below(BusyDatabase::accounts);
  const auto target = 1 + (source + below(3)) % BusyDatabase::accounts;
  transaction.exec("SELECT pg_catalog.pg_advisory_xact_lock(1)");
  transaction.exec(
      fmt::format("UPDATE account SET balance = balance - {2}, transfers = transfers + 1 WHERE id = {0};"
                  "INSERT INTO ledger SELECT sum(transfers), {0}, {1}, {2} FROM account;"
                  "UPDATE counter SET n = n + 1 WHERE name = 'counter {3}';"
                  "UPDATE account SET balance = balance + {2} WHERE id = {1}",
                  source, target, below(90), below(BusyDatabase::counters)));
}

void BusyClient::write_document(pqxx::work& transaction) {
  const auto id = 1 + below(documents);
  switch (below(5)) {
    case 0:
      transaction.exec(fmt::format("UPDATE document SET body = repeat(md5(random()::text), 200) WHERE id = {}", id));
      break;
    case 1:
      transaction.exec(
          fmt::format("UPDATE document SET extra = decode(repeat(md5(random()::text), 300), 'hex') WHERE id = {}", id));
      break;
    case 2:
      transaction.exec(
          fmt::format("DELETE FROM document WHERE id = {0};"
                      "INSERT INTO document VALUES ({0}, 0, repeat(md5(random()::text), 200))"
                      " ON CONFLICT (id) DO UPDATE SET n = document.n + 1",
                      id));
      break;
    default:
      transaction.exec(fmt::format("UPDATE document SET n = n + 1 WHERE id = {}", id));
  }
}

void BusyClient::write_tally(pqxx::work& transaction) {
  const auto n = below(30);
  const auto one = fmt::format("ctid = (SELECT ctid FROM tally WHERE n = {} LIMIT 1)", n);
  switch (below(4)) {
    case 0:
      transaction.exec(fmt::format("DELETE FROM tally WHERE {}", one));
      break;
    case 1:
      transaction.exec(fmt::format("UPDATE tally SET n = {}, label = NULL WHERE {}", below(30), one));
      break;
    default:
      transaction.exec(fmt::format("INSERT INTO tally VALUES ({0}, 'label'), ({0}, 'label')", n));
  }
  transaction.exec("DELETE FROM tally WHERE (SELECT count(*) FROM tally) > 600 AND n % 3 = 0");
}

void BusyClient::move_keys(pqxx::work& transaction) {
  const auto first = number_ * 1000 + 1 + below(movers);
  const auto second = number_ * 1000 + 1 + below(movers);
  if (first == second) {
    transaction.exec(
        fmt::format("UPDATE mover SET id = -id, label = 'once round' WHERE id = {0};"
                    "UPDATE mover SET label = label || '.' WHERE id = -{0};"
                    "UPDATE mover SET id = {0} WHERE id = -{0}",
                    first));
    return;
  }
  for (const char* column : {"id", "place"}) {
    if (below(3) == 0) continue;
    transaction.exec(
        fmt::format("UPDATE mover SET {0} = -{1} WHERE {0} = {1};"
                    "UPDATE mover SET {0} = {1} WHERE {0} = {2};"
                    "UPDATE mover SET {0} = {2} WHERE {0} = -{1}",
                    column, first, second));
  }
}

void BusyClient::try_and_think_again(pqxx::work& transaction) {
  transaction.exec("SAVEPOINT thought");
  write_tally(transaction);
  move_keys(transaction);
  transaction.exec("ROLLBACK TO SAVEPOINT thought");
  write_tally(transaction);
}

void BusyClient::rewrite_history(pqxx::work& transaction) {
  transaction.exec(
      fmt::format("UPDATE history SET version = version + 1, body = md5(random()::text)"
                  " WHERE id BETWEEN {0} AND {0} + 1500",
                  1 + below(history_rows)));
}

void BusyClient::use_scratch(pqxx::work& transaction) {
  if (below(50) == 0) transaction.exec("TRUNCATE scratch");
  transaction.exec("INSERT INTO scratch (body) SELECT md5(random()::text) FROM generate_series(1, 20)");
  transaction.exec("DELETE FROM scratch WHERE id % 7 = 0");
}

}  // namespace pgmirror::tests
