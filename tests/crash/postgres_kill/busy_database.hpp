#pragma once

#include <cstdint>
#include <pqxx/pqxx>
#include <random>

#include "config/config.hpp"

namespace pgmirror::tests {

/// The database of the kill test: a bank whose snapshots can be judged alone, and beside it what is hard to mirror.
///
/// Each transfer keeps the sum of the balances, writes the next number into a ledger without any key and counts one
/// counter up, so that every snapshot of a faithful mirror shows the same total, each number once, and counters that
/// sum up to the transfers. Beside it: large values that updates leave out of the log, a table that is identified by
/// its whole rows and has equal ones, key updates and swaps, truncates, savepoints that are rolled back, large updates.
struct BusyDatabase {
  static constexpr std::int64_t accounts = 40;
  static constexpr std::int64_t counters = 15;
  static constexpr std::int64_t total = accounts * 1000;
  static constexpr std::int64_t tables = 8;

  static void create(const config::ConnectionSettings& database);
};

/// What one client of the database does; it owns a range of the rows whose keys move, and shares all others.
class BusyClient {
 public:
  BusyClient(unsigned number, std::uint32_t seed) : number_(number), chance_(seed) {}

  /// One transaction, committed; `moved_money` tells whether it was a transfer. Throws what pqxx throws.
  struct Done {
    bool moved_money = false;
  };
  Done work(pqxx::connection& connection);

 private:
  std::int64_t below(std::int64_t limit) { return static_cast<std::int64_t>(chance_() % static_cast<unsigned>(limit)); }
  void transfer(pqxx::work& transaction);
  void write_document(pqxx::work& transaction);
  void write_tally(pqxx::work& transaction);
  void move_keys(pqxx::work& transaction);
  void try_and_think_again(pqxx::work& transaction);
  void rewrite_history(pqxx::work& transaction);
  void use_scratch(pqxx::work& transaction);

  unsigned number_;
  std::mt19937 chance_;
};

}  // namespace pgmirror::tests
