#include "tests/scenario/postgres_mirror/database_bank.hpp"

#include <fmt/format.h>

#include <pqxx/pqxx>

#include "tests/scenario/bank.hpp"
#include "tests/support/connection_text.hpp"
#include "tests/support/eventually.hpp"

namespace pgmirror::tests {

DatabaseBank::DatabaseBank(config::ConnectionSettings database) : database_(std::move(database)) {
  pqxx::connection connection(connection_string(database_));
  pqxx::nontransaction(connection)
      .exec(fmt::format("CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL, transfers bigint NOT NULL);"
                        "CREATE TABLE ledger (number bigint, source int, target int, amount int);"
                        "CREATE SEQUENCE numbers;"
                        "INSERT INTO account SELECT g, 1000, 0 FROM generate_series(1, {}) g",
                        Bank::accounts));
}

DatabaseBank::Client::Client(const DatabaseBank& bank, unsigned number)
    : thread_([&bank, number](std::stop_token stop) { bank.work(std::move(stop), number); }) {}

/// Numbers are counted by a row that each transfer locks, so that the ledger has no holes.
void DatabaseBank::work(std::stop_token stop, unsigned client) const {
  for (std::int64_t round = client; !stop.stop_requested();) {
    try {
      pqxx::connection connection(connection_string(database_));
      while (!stop.stop_requested()) {
        const auto source = 1 + round * 7 % Bank::accounts;
        const auto target = 1 + (round * 7 + 1 + round % 3) % Bank::accounts;
        pqxx::work transfer(connection);
        transfer.exec("SELECT pg_catalog.pg_advisory_xact_lock(1)");
        transfer.exec(
            fmt::format("UPDATE account SET balance = balance - {1}, transfers = transfers + 1 WHERE id = {0}", source,
                        round % 90));
        transfer.exec(fmt::format("INSERT INTO ledger SELECT sum(transfers), {}, {}, {} FROM account", source, target,
                                  round % 90));
        transfer.exec(fmt::format("UPDATE account SET balance = balance + {1} WHERE id = {0}", target, round % 90));
        transfer.commit();
        ++transfers_;
        ++round;
      }
    } catch (const std::exception&) {
      // The server is away, or was when the commit was sent; it says on the next connection what is.
      let_time_pass(std::chrono::milliseconds{20});
    }
  }
}

}  // namespace pgmirror::tests
