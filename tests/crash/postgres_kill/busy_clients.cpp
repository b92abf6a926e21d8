#include "tests/crash/postgres_kill/busy_clients.hpp"

#include <pqxx/pqxx>

#include "tests/crash/postgres_kill/busy_database.hpp"
#include "tests/support/connection_text.hpp"
#include "tests/support/eventually.hpp"

namespace pgmirror::tests {
namespace {

/// Deadlocks between clients, and a server that goes down or comes up.
bool passes(const std::string& sqlstate) {
  return sqlstate.empty() || sqlstate.starts_with("40") || sqlstate.starts_with("57P") || sqlstate.starts_with("08");
}

}  // namespace

BusyClients::BusyClients(config::ConnectionSettings database, unsigned clients, std::uint32_t seed)
    : database_(std::move(database)) {
  for (unsigned number = 0; number < clients; ++number) {
    threads_.emplace_back([this, number, seed](const std::stop_token& stop) { work(stop, number, seed + number); });
  }
}

std::vector<std::string> BusyClients::refusals() const {
  const std::lock_guard lock(mutex_);
  return refusals_;
}

void BusyClients::work(const std::stop_token& stop, unsigned number, std::uint32_t seed) {
  BusyClient client(number, seed);
  while (!stop.stop_requested()) {
    try {
      pqxx::connection connection(connection_string(database_));
      while (!stop.stop_requested()) {
        if (client.work(connection).moved_money) ++transfers_;
        ++transactions_;
        let_time_pass(std::chrono::milliseconds{15});
      }
    } catch (const pqxx::sql_error& error) {
      if (passes(error.sqlstate())) continue;
      const std::lock_guard lock(mutex_);
      refusals_.emplace_back(error.what());
      return;
    } catch (const pqxx::failure&) {
      // The server is away, or was when the commit was sent; it says on the next connection what is.
      let_time_pass(std::chrono::milliseconds{20});
    }
  }
}

}  // namespace pgmirror::tests
