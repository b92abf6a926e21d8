#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "libpq/database_transaction.hpp"
#include "sinks/postgres/checkpoint.hpp"
#include "sinks/postgres/control_schema.hpp"
#include "sinks/postgres/failure.hpp"
#include "sinks/postgres/worker_sessions.hpp"
#include "tests/scenario/postgres_sink/mirror_database.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using namespace std::chrono_literals;
using change::Position;

std::string sqlstate_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const libpq::DatabaseError& error) {
    return error.sqlstate();
  }
  return "none";
}

TEST(ControlSchema, TwoAgentsCreateItAtOnce) {
  const config::ConnectionSettings settings = tests::shared_postgres().create_database();
  std::vector<std::jthread> agents;
  std::atomic<int> done = 0;
  for (int i = 0; i < 4; ++i) {
    agents.emplace_back([&] {
      libpq::Connection connection(settings, "test");
      EXPECT_NO_THROW(create_control_schema(connection));
      ++done;
    });
  }
  agents.clear();
  EXPECT_EQ(done, 4);
  libpq::Connection connection(settings, "test");
  EXPECT_TRUE(connection.execute("SELECT count(*) = max(version) FROM pgmirror.version").boolean(0, 0)) << "each once";
}

TEST(ControlSchema, IsRefusedWhenANewerProgramMadeIt) {
  tests::MirrorDatabase database;
  database.connection.execute("INSERT INTO pgmirror.version (version) VALUES (1000)");
  EXPECT_THROW(create_control_schema(database.connection), std::runtime_error);
}

TEST(ControlSchema, AnUpToDateOneNeedsNoPrivilegeToCreate) {
  tests::MirrorDatabase database;
  database.connection.execute(
      "DROP ROLE IF EXISTS modest; CREATE ROLE modest LOGIN; GRANT USAGE ON SCHEMA pgmirror TO modest; "
      "GRANT SELECT ON pgmirror.version TO modest; CREATE POLICY p ON pgmirror.version TO modest USING (true)");
  config::ConnectionSettings settings = database.mirror.connection;
  settings.user = "modest";
  {
    libpq::Connection modest(settings, "test");
    EXPECT_NO_THROW(create_control_schema(modest));
  }
  database.connection.execute("DROP OWNED BY modest; DROP ROLE modest");
}

TEST(ControlSchema, IsClosedToOthers) {
  tests::MirrorDatabase database;
  EXPECT_EQ(database.ask("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
                         "WHERE nspname = 'pgmirror' AND relkind = 'r' AND NOT relrowsecurity"),
            "0");
  database.connection.execute("DROP ROLE IF EXISTS curious; CREATE ROLE curious");
  EXPECT_EQ(sqlstate_of([&] { database.connection.execute("SET ROLE curious; SELECT * FROM pgmirror.checkpoint"); }),
            "42501");
  database.connection.execute("RESET ROLE");
  EXPECT_EQ(database.ask("SELECT has_function_privilege('curious', 'pgmirror.advance_checkpoint(text, bigint, bigint, "
                         "bigint, timestamptz)', 'execute')"),
            "f");
  database.connection.execute("DROP ROLE curious");
}

TEST(ControlSchema, StatusShowsEveryTable) {
  tests::MirrorDatabase database;
  database.connection.execute(
      "CREATE TABLE t (id int); INSERT INTO pgmirror.tables (mirror, schema_name, table_name, state) "
      "VALUES ('mirror', 'public', 't', 'live')");
  EXPECT_EQ(database.rows("SELECT table_name, state, rows FROM pgmirror.status"), std::vector<std::string>{"t|live|0"});
}

/// Of a machine or a line that went away without a word, while others are at work in the same database.
class AbandonedSessions : public testing::Test {
 protected:
  AbandonedSessions() {
    claim_checkpoint(database_.connection, mirror_.name, {"source"}, {.owner = "one"});
    abandoned_.execute("BEGIN; SELECT FROM pgmirror.checkpoint FOR UPDATE");
  }
  bool alive(libpq::Connection& session) {
    return tests::eventually(5s, [&] { return sqlstate_of([&] { session.execute("SELECT"); }) != "none"; }) == false;
  }
  config::Mirror named(const std::string& name) const {
    config::Mirror mirror = database_.mirror;
    mirror.name = name;
    return mirror;
  }

  tests::MirrorDatabase database_;
  config::Mirror mirror_ = named("supabase");
  libpq::Connection abandoned_ = open_worker_session(mirror_);
};

TEST_F(AbandonedSessions, AreEndedWithAllThatTheyHold) {
  libpq::Connection idle = open_worker_session(mirror_);
  libpq::Connection of_another_mirror = open_worker_session(named("other"));
  libpq::Connection of_somebody(mirror_.connection, "psql");
  libpq::Connection connection = open_worker_session(mirror_);
  EXPECT_EQ(end_abandoned_sessions(connection, mirror_, {.owner = "one", .takes_over = false}), 2);
  EXPECT_EQ(claim_checkpoint(connection, mirror_.name, {"source"}, {.owner = "one", .takes_over = false}).epoch, 2);
  EXPECT_FALSE(alive(abandoned_));
  EXPECT_FALSE(alive(idle));
  EXPECT_NO_THROW(of_another_mirror.execute("SELECT"));
  EXPECT_NO_THROW(of_somebody.execute("SELECT"));
}

TEST_F(AbandonedSessions, AreLeftWhereTheyAreOfWhoeverOwnsTheMirrorNow) {
  libpq::Connection fenced = open_worker_session(mirror_);
  EXPECT_EQ(end_abandoned_sessions(fenced, mirror_, {.owner = "two", .takes_over = false}), 0);
  EXPECT_NO_THROW(abandoned_.execute("SELECT"));
  EXPECT_EQ(end_abandoned_sessions(fenced, mirror_, {.owner = "two", .takes_over = true}), 1);
  EXPECT_FALSE(alive(abandoned_));
}

TEST(Checkpoint, EachClaimRaisesTheEpoch) {
  tests::MirrorDatabase database;
  EXPECT_EQ(database.epoch, 1);
  const Checkpoint second = claim_checkpoint(database.connection, "mirror", {"source-one"});
  EXPECT_EQ(second.epoch, 2);
  EXPECT_EQ(second.position, Position{0});
  EXPECT_FALSE(second.commit_time.has_value());
  EXPECT_FALSE(read_checkpoint(database.connection, "other").has_value());
}

TEST(Checkpoint, BelongsToOneSource) {
  tests::MirrorDatabase database;
  try {
    claim_checkpoint(database.connection, "mirror", {"source-two"});
    FAIL() << "was claimed";
  } catch (const IdentityError& error) {
    const std::string message = error.what();
    for (const char* part : {"source-one", "source-two", "resync"}) EXPECT_NE(message.find(part), std::string::npos);
  }
  EXPECT_EQ(read_checkpoint(database.connection, "mirror")->epoch, 1);
  EXPECT_EQ(replace_source(database.connection, "mirror", {"source-two"}).epoch, 2);
  EXPECT_EQ(claim_checkpoint(database.connection, "mirror", {"source-two"}).epoch, 3);
}

TEST(Checkpoint, MovesByCompareAndSwap) {
  tests::MirrorDatabase database;
  libpq::Connection& connection = database.connection;
  const change::CommitTime time{std::chrono::sys_days{std::chrono::January / 2 / 2024} + 5h + 123456us};
  advance_checkpoint(connection, "mirror", 1, Position{0}, Position{5}, time);
  const auto moved = read_checkpoint(connection, "mirror");
  EXPECT_EQ(moved->position, Position{5});
  EXPECT_EQ(moved->commit_time, time);
  EXPECT_EQ(sqlstate_of([&] { advance_checkpoint(connection, "mirror", 1, Position{0}, Position{5}, time); }), "PM001");
  EXPECT_EQ(sqlstate_of([&] { advance_checkpoint(connection, "mirror", 2, Position{5}, Position{6}, time); }), "PM002");
  EXPECT_EQ(sqlstate_of([&] { advance_checkpoint(connection, "nobody", 1, Position{5}, Position{6}, time); }), "PM002");
  EXPECT_EQ(peek_checkpoint(connection, "mirror")->position, Position{5});
}

TEST(Checkpoint, ASuccessorWaitsForItsPredecessorAndSeesIt) {
  tests::MirrorDatabase database;
  libpq::Connection second(database.mirror.connection, "successor");
  libpq::DatabaseTransaction first(database.connection);
  advance_checkpoint(database.connection, "mirror", 1, Position{0}, Position{5}, std::nullopt);
  std::jthread successor(
      [&] { EXPECT_NO_THROW(advance_checkpoint(second, "mirror", 1, Position{5}, Position{6}, std::nullopt)); });
  libpq::Connection watcher(database.mirror.connection, "watcher");
  EXPECT_TRUE(tests::eventually(30s, [&] {
    return watcher
               .execute(
                   "SELECT FROM pg_stat_activity WHERE application_name = 'successor' AND wait_event_type = 'Lock'")
               .rows() == 1;
  }));
  first.commit();
  successor.join();
  EXPECT_EQ(read_checkpoint(database.connection, "mirror")->position, Position{6});
}

TEST(Checkpoint, AReaderWaitsForTheOutcomeOfATransactionOnItsWay) {
  tests::MirrorDatabase database;
  libpq::Connection second(database.mirror.connection, "reader");
  auto first = std::make_unique<libpq::DatabaseTransaction>(database.connection);
  advance_checkpoint(database.connection, "mirror", 1, Position{0}, Position{5}, std::nullopt);
  EXPECT_EQ(peek_checkpoint(second, "mirror")->position, Position{0});
  std::optional<Checkpoint> seen;
  std::jthread reader([&] { seen = read_checkpoint(second, "mirror"); });
  libpq::Connection watcher(database.mirror.connection, "watcher");
  EXPECT_TRUE(tests::eventually(30s, [&] {
    return watcher
               .execute("SELECT FROM pg_stat_activity WHERE application_name = 'reader' AND wait_event_type = 'Lock'")
               .rows() == 1;
  }));
  first->commit();
  reader.join();
  EXPECT_EQ(seen->position, Position{5});
}

TEST(Checkpoint, AnAgentThatLostTheMirrorCannotMoveIt) {
  tests::MirrorDatabase database;
  claim_checkpoint(database.connection, "mirror", {"source-one"});
  try {
    advance_checkpoint(database.connection, "mirror", 1, Position{0}, Position{5}, std::nullopt);
    FAIL() << "moved";
  } catch (const libpq::DatabaseError& error) {
    EXPECT_EQ(classify(error).kind, FailureKind::identity);
  }
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
