#include "capture/postgres/brief_locks.hpp"

#include <spdlog/spdlog.h>

#include <string>

#include "capture/postgres/savepoint.hpp"
#include "libpq/database_transaction.hpp"

namespace pgmirror::capture::postgres {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto first_notice = 5s;
constexpr auto notice_interval = 60s;
/// Far below any sensible deadlock_timeout (a second by default), after which the server looks for a victim.
constexpr const char* brief = "SET LOCAL lock_timeout = '10ms'";
constexpr const char* pause = "SELECT pg_catalog.pg_sleep(0.02)";

void attempt(libpq::Connection& connection, const std::function<void()>& read) {
  if (connection.in_transaction()) {
    const Savepoint reading(connection);
    connection.execute(brief);
    read();
    return;
  }
  libpq::DatabaseTransaction transaction(connection);
  connection.execute(std::string("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; ") + brief);
  read();
  transaction.commit();
}

}  // namespace

bool is_locked(const libpq::DatabaseError& error) {
  return !error.connection_lost() && (error.sqlstate() == "55P03" || error.sqlstate() == "40P01");
}

void read_with_brief_locks(libpq::Connection& connection, std::chrono::milliseconds patience,
                           const std::function<void()>& read) {
  const auto begun = Clock::now();
  auto next_notice = begun + first_notice;
  while (true) {
    try {
      attempt(connection, read);
      return;
    } catch (const libpq::DatabaseError& error) {
      const auto now = Clock::now();
      if (!is_locked(error) || now - begun >= patience) throw;
      if (now >= next_notice) {
        next_notice = now + notice_interval;
        spdlog::info("[MirrorSource] Waiting for a migration of the application that holds a lock ({})", error.what());
      }
    }
    // On the server, so that whoever breaks the connection ends it.
    connection.execute(pause);
  }
}

}  // namespace pgmirror::capture::postgres
