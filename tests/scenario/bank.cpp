#include "tests/scenario/bank.hpp"

#include <fmt/format.h>

#include <pqxx/pqxx>

#include "tests/support/connection_text.hpp"
#include "tests/support/eventually.hpp"

namespace pgmirror::tests {

Bank::Bank(const std::filesystem::path& file) : database_(file) {
  database_.exec(
      fmt::format("CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, transfers INTEGER NOT NULL);"
                  "CREATE TABLE ledger (number INTEGER, source INTEGER, target INTEGER, amount INTEGER);"
                  "INSERT INTO account WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {})"
                  " SELECT i, 1000, 0 FROM n",
                  accounts));
}

void Bank::transfer() {
  const std::int64_t number = transfers_ + 1;
  const auto source = 1 + number * 7 % accounts;
  const auto target = 1 + (number * 7 + 1 + number % 3) % accounts;
  const auto amount = number % 90;
  database_.exec(
      fmt::format("BEGIN IMMEDIATE;"
                  "UPDATE account SET balance = balance - {2}, transfers = transfers + 1 WHERE id = {0};"
                  "INSERT INTO ledger VALUES ({3}, {0}, {1}, {2});"
                  "UPDATE account SET balance = balance + {2} WHERE id = {1};"
                  "COMMIT",
                  source, target, amount, number));
  transfers_ = number;
}

BusyBank::BusyBank(Bank& bank, std::chrono::milliseconds pause)
    : thread_([&bank, pause](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          bank.transfer();
          if (pause.count() > 0) let_time_pass(pause);
        }
      }) {}

std::string BankSnapshot::fault() const {
  if (total != Bank::total) return fmt::format("the balances sum up to {} instead of {}", total, Bank::total);
  if (ledger_rows == transfers && ledger_distinct == transfers && ledger_highest == transfers) return {};
  return fmt::format("after {} transfers the ledger holds {} rows, {} distinct ones, up to number {}", transfers,
                     ledger_rows, ledger_distinct, ledger_highest);
}

BankSnapshot read_bank(const config::ConnectionSettings& mirror) {
  pqxx::connection connection(connection_string(mirror));
  pqxx::transaction<pqxx::repeatable_read> snapshot(connection);
  const auto accounts = snapshot.exec1("SELECT sum(balance), sum(transfers) FROM account");
  const auto ledger = snapshot.exec1("SELECT count(*), count(DISTINCT number), coalesce(max(number), 0) FROM ledger");
  return {accounts[0].as<std::int64_t>(), accounts[1].as<std::int64_t>(), ledger[0].as<std::int64_t>(),
          ledger[1].as<std::int64_t>(), ledger[2].as<std::int64_t>()};
}

}  // namespace pgmirror::tests
