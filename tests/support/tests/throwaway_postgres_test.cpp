#include "tests/support/throwaway_postgres.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <pqxx/pqxx>

#include "tests/support/connection_text.hpp"
#include "tests/support/eventually.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;

std::string ask(const config::ConnectionSettings& settings, const std::string& sql) {
  pqxx::connection connection(connection_string(settings));
  return pqxx::nontransaction(connection).exec1(sql)[0].as<std::string>();
}

void run(const config::ConnectionSettings& settings, const std::string& sql) {
  pqxx::connection connection(connection_string(settings));
  pqxx::nontransaction(connection).exec(sql);
}

TEST(ThrowawayPostgres, GivesEachTestADatabaseOfItsOwn) {
  auto& postgres = shared_postgres();
  const auto one = postgres.create_database();
  const auto other = postgres.create_database();
  run(one, "CREATE TABLE t AS SELECT 1 AS a");
  EXPECT_EQ(ask(one, "SELECT count(*) FROM pg_class WHERE relname = 't'"), "1");
  EXPECT_EQ(ask(other, "SELECT count(*) FROM pg_class WHERE relname = 't'"), "0");
  EXPECT_EQ(ask(one, "SELECT current_setting('wal_level')"), "logical");
}

TEST(ThrowawayPostgres, AnswersUnderItsUrl) {
  const auto settings = shared_postgres().create_database();
  pqxx::connection connection(connection_url(settings));
  EXPECT_EQ(connection.dbname(), settings.database);
}

TEST(ThrowawayPostgres, KeepsCommittedRowsOverAnImmediateRestartAndAKill) {
  ThrowawayPostgres postgres({.settings = {{"shared_buffers", "16MB"}}});
  const auto settings = postgres.create_database();
  run(settings, "CREATE TABLE t AS SELECT 1 AS a");
  postgres.restart_immediately();
  EXPECT_EQ(ask(settings, "SELECT a FROM t"), "1");
  postgres.kill();
  EXPECT_THROW(ask(settings, "SELECT 1"), pqxx::broken_connection);
  postgres.start();
  EXPECT_EQ(ask(settings, "SELECT a FROM t"), "1");
  EXPECT_EQ(ask(settings, "SHOW shared_buffers"), "16MB");
}

TEST(ThrowawayPostgres, DiesWithAKilledTestProcess) {
  ChildProcess holder({.arguments = {PGMIRROR_HOLD_POSTGRES}});
  holder.wait_for_output("\n");
  const auto port = static_cast<std::uint16_t>(std::stoi(holder.output()));
  auto settings = shared_postgres().administration();
  settings.port = port;
  EXPECT_EQ(ask(settings, "SELECT 1"), "1");
  holder.kill();
  EXPECT_TRUE(eventually(30s, [&] {
    try {
      ask(settings, "SELECT 1");
      return false;
    } catch (const pqxx::broken_connection&) {
      return true;
    }
  }));
}

}  // namespace
}  // namespace pgmirror::tests
