#include <gtest/gtest.h>

#include <algorithm>

#include "sinks/postgres/apply_lane.hpp"
#include "tests/scenario/postgres_sink/mirror_database.hpp"
#include "tests/support/transaction_pooler.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using namespace std::chrono_literals;
using Planning = ApplyLane::Planning;

class Lane : public testing::Test {
 protected:
  /// A batch of one statement: its first cell.
  static std::string apply(ApplyLane& lane, Planning planning, const std::string& sql,
                           const libpq::Parameters& parameters = {}) {
    for (const std::string& statement : lane.begin(planning)) lane.send(statement, {});
    lane.send(sql, parameters);
    lane.send("COMMIT", {});
    lane.pipeline().end_unit();
    std::string answer;
    for (auto received = lane.pipeline().receive(60s); received.answer == libpq::Pipeline::Answer::statement;
         received = lane.pipeline().receive(60s)) {
      EXPECT_NE(PQresultStatus(received.result.native()), PGRES_FATAL_ERROR)
          << PQresultErrorMessage(received.result.native());
      if (received.result.rows() > 0) answer = received.result.text(0, 0);
    }
    return answer;
  }
  std::string setting(ApplyLane& lane, Planning planning, const std::string& name) {
    return apply(lane, planning, "SHOW " + name);
  }

  tests::MirrorDatabase database_;
  Ownership ownership_{.mirror = "mirror", .replica_role = true};
};

TEST_F(Lane, OfOurOwnSessionSaysItsSettingsOnce) {
  ApplyLane lane(database_.connection, ownership_);
  EXPECT_EQ(setting(lane, Planning::of_each, "session_replication_role"), "replica");
  EXPECT_EQ(lane.begin(Planning::of_each), std::vector<std::string>{"BEGIN"});
  EXPECT_EQ(setting(lane, Planning::of_each, "session_replication_role"), "replica");
  EXPECT_EQ(setting(lane, Planning::of_each, "synchronous_commit"), "off");
  EXPECT_EQ(setting(lane, Planning::of_each, "search_path"), "pg_catalog, pg_temp");
}

TEST_F(Lane, KeepsThePlansOfBriefBatchesOnly) {
  ApplyLane lane(database_.connection, ownership_);
  const std::string sql = "SELECT count(*) FROM pg_class WHERE relname = $1";
  const std::string generic = "SELECT sum(generic_plans) FROM pg_prepared_statements WHERE statement LIKE '%pg_class%'";
  for (int i = 0; i < 4; ++i) apply(lane, Planning::kept, sql, libpq::Parameters::texts({"pg_class"}));
  EXPECT_EQ(apply(lane, Planning::of_each, generic), "3");
  EXPECT_EQ(setting(lane, Planning::of_each, "plan_cache_mode"), "auto");
  for (int i = 0; i < 4; ++i) apply(lane, Planning::of_each, sql, libpq::Parameters::texts({"pg_class"}));
  EXPECT_EQ(apply(lane, Planning::of_each, generic), "3");
}

TEST_F(Lane, MakesKeptPlansAnewAfterAWhile) {
  ApplyLane lane(database_.connection, ownership_, 0ms);
  apply(lane, Planning::kept, "SELECT 1");
  EXPECT_EQ(std::ranges::count(lane.begin(Planning::kept), "DEALLOCATE ALL"), 1);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(apply(lane, Planning::kept, "SELECT 1"), "1");
  EXPECT_EQ(apply(lane, Planning::of_each, "SELECT count(*) FROM pg_prepared_statements"), "0");
}

TEST_F(Lane, GivesTheSessionBackAsItWas) {
  libpq::Connection connection(database_.mirror.connection, "pgmirror worker mirror",
                               libpq::Connection::Access::read_write, {.pin_names = true});
  {
    ApplyLane lane(connection, ownership_);
    for (int i = 0; i < 4; ++i) apply(lane, Planning::kept, "SELECT 1");
    lane.give_back();
  }
  // Not by the connection's execute(), which sets some of them.
  const auto shown = [&](const std::string& name) {
    const libpq::Result result(PQexec(connection.native(), ("SHOW " + name).c_str()));
    return std::string(result.text(0, 0));
  };
  EXPECT_EQ(shown("search_path"), "\"$user\", public");
  EXPECT_EQ(shown("session_replication_role"), "origin");
  EXPECT_EQ(shown("synchronous_commit"), "on");
  EXPECT_EQ(shown("plan_cache_mode"), "auto");
  EXPECT_EQ(shown("application_name"), "pgmirror worker mirror");
  EXPECT_EQ(connection.execute("SELECT count(*) FROM pg_prepared_statements").text(0, 0), "0");
  ApplyLane again(connection, ownership_);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(apply(again, Planning::kept, "SELECT 2"), "2");
}

TEST_F(Lane, KeepsNothingBehindAPooler) {
  const tests::TransactionPooler pooler(database_.mirror.connection, 1);
  libpq::Connection connection(pooler.settings(), "test");
  ApplyLane lane(connection, ownership_);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(setting(lane, Planning::kept, "session_replication_role"), "replica");
    libpq::Connection other(pooler.settings(), "other");
    EXPECT_EQ(other.execute("SHOW session_replication_role").text(0, 0), "origin");
    EXPECT_EQ(other.execute("SELECT count(*) FROM pg_prepared_statements").text(0, 0), "0");
  }
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
