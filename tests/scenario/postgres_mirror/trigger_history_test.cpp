#include <random>
#include <thread>

#include "tests/scenario/postgres_mirror/trigger_pair.hpp"

namespace pgmirror::tests {
namespace {

constexpr const char* ledger = R"(
  CREATE TABLE account(id int PRIMARY KEY, money int, code int UNIQUE);
  INSERT INTO account SELECT g, 0, g FROM generate_series(1, 50) g;
  CREATE TABLE ledger(account int, change int))";

TEST(TriggerHistory, TheProgramIsKilledAgainAndAgainWhileClientsWrite) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow(ledger));
  std::jthread client([&pair](const std::stop_token& stop) {
    pqxx::connection session(connection_string(pair.source()));
    for (int i = 1; !stop.stop_requested(); ++i) {
      const std::string one = std::to_string(1 + i % 50);
      const std::string other = std::to_string(1 + (i + 1) % 50);
      pqxx::work work(session);
      work.exec("UPDATE account SET money = money + 1, code = -code WHERE id = " + one +
                "; INSERT INTO ledger VALUES (" + one +
                ", 1); DELETE FROM ledger WHERE ctid IN (SELECT ctid FROM ledger WHERE account = " + other +
                " LIMIT 1)");
      if (i % 9 == 0) {
        work.abort();
      } else {
        work.commit();
      }
    }
  });
  std::minstd_rand chance{std::random_device{}()};
  for (int kills = 0; kills < 8; ++kills) {
    const auto pause = std::chrono::milliseconds{chance() % 1200};
    eventually(pause, [] { return false; });
    pair.program().kill();
    pair.program().start();
  }
  client.request_stop();
  client.join();
  EXPECT_TRUE(pair.becomes_same());
  // A row that was told twice, or not at all, would have been counted as drift.
  EXPECT_EQ(pair.program().command({"health"}).end.exit_code, 0) << pair.program().command({"status"}).output;
  EXPECT_TRUE(eventually(30s, [&]() -> testing::AssertionResult {
    const std::string left = pair.ask("SELECT count(*) FROM pgmirror.changes");
    return left == "0" ? testing::AssertionSuccess() : testing::AssertionFailure() << left << " rows of the log stay";
  }));
}

TEST(TriggerHistory, ChangesAndDefinitionsWhileNoProgramRuns) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow("CREATE TABLE t(id int PRIMARY KEY, v text); CREATE TABLE k(v text)"));
  ASSERT_EQ(pair.program().stop().exit_code, 0);
  pair.run("INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 5000) g; INSERT INTO k SELECT v FROM t");
  pair.run("DELETE FROM t WHERE id % 3 = 0; ALTER TABLE t ADD n int; UPDATE t SET n = id WHERE id < 50");
  pair.run("CREATE TABLE fresh(id int PRIMARY KEY); INSERT INTO fresh VALUES (1); DELETE FROM k WHERE v LIKE '%7'");
  pair.program().start();
  EXPECT_TRUE(pair.becomes_same());
  EXPECT_EQ(pair.times_logged("public.k is copied again"), 0U);
}

TEST(TriggerHistory, TheServerCrashesAndComesBack) {
  ThrowawayPostgres source({.settings = {{"wal_level", "replica"}}});
  DatabaseAndMirror pair(source, shared_postgres());
  choose_method(pair.program());
  pair.run("CREATE TABLE t(id int PRIMARY KEY)");
  pair.program().start();
  ASSERT_TRUE(pair.becomes_same());
  pair.run("SET synchronous_commit = off", "INSERT INTO t SELECT generate_series(1, 1000)");
  source.restart_immediately();
  pair.run("INSERT INTO t VALUES (-1)");
  EXPECT_TRUE(pair.becomes_same());
}

TEST(TriggerHistory, AnOlderStateDirectoryIsRefusedAndHealedByStartingOver) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow("CREATE TABLE t(id int PRIMARY KEY)"));
  pair.program().stop();
  const auto backup = pair.state_directory().parent_path() / "backup";
  std::filesystem::copy(pair.state_directory(), backup, std::filesystem::copy_options::recursive);
  pair.program().start();
  pair.run("INSERT INTO t VALUES (1)");
  ASSERT_TRUE(pair.becomes_same());
  pair.program().stop();
  std::filesystem::remove_all(pair.state_directory());
  std::filesystem::rename(backup, pair.state_directory());
  pair.program().start();
  EXPECT_TRUE(pair.logs("the log of changes does not know the queue's end"));
  EXPECT_EQ(pair.program().wait(20s).exit_code, 78);
  const FinishedProgram resync = pair.program().command({"resync", "--all", "--yes"});
  EXPECT_EQ(resync.end.exit_code, 0) << resync.output;
  pair.run("INSERT INTO t VALUES (2)");
  pair.program().start();
  EXPECT_TRUE(pair.becomes_same());
}

TEST(TriggerHistory, ASecondProgramWaits) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow("CREATE TABLE t(id int PRIMARY KEY)"));
  const TemporaryDirectory elsewhere;
  MirrorProgram second(pair.source(), shared_postgres().create_database(), elsewhere.path() / "state");
  choose_method(second);
  second.start();
  EXPECT_TRUE(eventually(20s, [&] {
    return second.log().find("the log of changes is in use by") != std::string::npos;
  })) << second.log();
  second.kill();
  pair.run("INSERT INTO t VALUES (1)");
  EXPECT_TRUE(pair.becomes_same());
}

/// A log has one reader: what one has taken out of it the other would never see.
TEST(TriggerHistory, ASecondProgramIsRefusedWhileTheFirstIsAway) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow("CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 50)"));
  pair.program().stop();
  pair.run("INSERT INTO t VALUES (51)");
  const TemporaryDirectory elsewhere;
  const auto mirror = shared_postgres().create_database();
  MirrorProgram second(pair.source(), mirror, elsewhere.path() / "state");
  choose_method(second);
  second.start();
  EXPECT_EQ(second.wait(30s).exit_code, 78) << second.log();
  EXPECT_NE(second.log().find("belongs to the queue of another pgmirror"), std::string::npos) << second.log();
  const std::string before = pair.program().log();
  pair.program().start();
  EXPECT_TRUE(pair.becomes_same());
  EXPECT_EQ(pair.program().log().substr(before.size()).find("[MirrorCopy]"), std::string::npos)
      << pair.program().log().substr(before.size());
}

/// The remedy that it names.
TEST(TriggerHistory, ALostStateDirectoryIsRefusedAndHealedByStartingOver) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow("CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1)"));
  pair.program().stop();
  std::filesystem::remove_all(pair.state_directory());
  pair.run("UPDATE t SET id = 2");
  pair.program().start();
  EXPECT_EQ(pair.program().wait(30s).exit_code, 78);
  const FinishedProgram resync = pair.program().command({"resync", "--all", "--yes"});
  EXPECT_EQ(resync.end.exit_code, 0) << resync.output;
  pair.program().start();
  EXPECT_TRUE(pair.becomes_same());
}

/// Nothing of ours stands in the database any more.
std::string left_behind(TriggerPair& pair) {
  return pair.ask(
      "SELECT (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pgmirror%') + (SELECT count(*) FROM pg_namespace"
      " WHERE nspname = 'pgmirror') + (SELECT count(*) FROM pg_proc WHERE proname = 'log_change')");
}

TEST(TriggerHistory, MovesToDecodingWithoutACopyWhileClientsWrite) {
  TriggerPair pair(shared_postgres());
  ASSERT_TRUE(pair.follow(ledger + std::string("; ALTER TABLE ledger ADD PRIMARY KEY (account)")));
  std::jthread client([&pair](const std::stop_token& stop) {
    pqxx::connection session(connection_string(pair.source()));
    for (int i = 1; !stop.stop_requested(); ++i) {
      pqxx::work work(session);
      work.exec("UPDATE account SET money = money + 1 WHERE id = " + std::to_string(1 + i % 50) +
                "; INSERT INTO ledger VALUES (" + std::to_string(i) + ", 1)");
      work.commit();
    }
  });
  EXPECT_EQ(pair.program().stop().exit_code, 0);
  EXPECT_EQ(pair.program().command({"move-to-decoding"}).end.exit_code, 1);
  for (int again = 0; again < 2; ++again) {
    const FinishedProgram moved = pair.program().command({"move-to-decoding", "--yes"});
    EXPECT_EQ(moved.end.exit_code, 0) << moved.output;
    EXPECT_EQ(left_behind(pair), "0");
  }
  pair.program().set("MIRROR_CAPTURE_METHOD", "decoding");
  const std::string before = pair.program().log();
  pair.program().start();
  ASSERT_TRUE(pair.logs("Following", 30s));
  eventually(500ms, [] { return false; });
  client.request_stop();
  client.join();
  EXPECT_TRUE(pair.becomes_same());
  EXPECT_EQ(pair.program().log().substr(before.size()).find("[MirrorCopy]"), std::string::npos)
      << pair.program().log().substr(before.size());
  EXPECT_EQ(pair.program().command({"health"}).end.exit_code, 0) << pair.program().command({"status"}).output;
}

TEST(TriggerHistory, AServerThatCannotDecodeIsNotMovedToDecoding) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow("CREATE TABLE t(id int PRIMARY KEY)"));
  pair.program().stop();
  const FinishedProgram refused = pair.program().command({"move-to-decoding", "--yes"});
  EXPECT_EQ(refused.end.exit_code, 1);
  EXPECT_NE(refused.output.find("wal_level is \"replica\""), std::string::npos) << refused.output;
  pair.run("INSERT INTO t VALUES (1)");
  pair.program().start();
  EXPECT_TRUE(pair.becomes_same());
}

TEST(TriggerHistory, TheOtherMethodRefusesTheQueueAndSaysWhatToDo) {
  TriggerPair pair(shared_postgres());
  ASSERT_TRUE(pair.follow("CREATE TABLE t(id int PRIMARY KEY)"));
  pair.program().stop();
  pair.program().set("MIRROR_CAPTURE_METHOD", "decoding");
  pair.program().start();
  EXPECT_TRUE(pair.logs("pgmirror move-to-decoding"));
  EXPECT_EQ(pair.program().wait(20s).exit_code, 78);
}

TEST(TriggerHistory, DoctorSaysWhatIsMissingAndPrintsTheSql) {
  TriggerPair pair;
  pair.run(
      "CREATE TABLE t(id int PRIMARY KEY); DO $$ BEGIN CREATE ROLE modest LOGIN; EXCEPTION WHEN duplicate_object"
      " THEN NULL; END $$; GRANT SELECT ON t TO modest");
  config::ConnectionSettings modest = pair.source();
  modest.user = "modest";
  MirrorProgram program(modest, pair.mirror(), pair.state_directory());
  choose_method(program);
  const FinishedProgram sql = program.command({"doctor", "--print-sql"});
  EXPECT_NE(sql.output.find("CREATE SCHEMA pgmirror AUTHORIZATION \"modest\";"), std::string::npos) << sql.output;
  EXPECT_NE(sql.output.find("ENABLE ALWAYS TRIGGER pgmirror_row"), std::string::npos) << sql.output;
  EXPECT_EQ(sql.output.find("wal_level"), std::string::npos) << sql.output;
  const FinishedProgram owner = pair.program().command({"doctor"});
  EXPECT_NE(owner.output.find("changes are found by triggers"), std::string::npos) << owner.output;
  EXPECT_NE(owner.output.find("the log of changes will be made at the first start"), std::string::npos) << owner.output;
}

TEST(TriggerHistory, TeardownLeavesNothingBehind) {
  TriggerPair pair;
  ASSERT_TRUE(
      pair.follow("CREATE TABLE t(id int PRIMARY KEY, d int) ; CREATE TABLE p(d int PRIMARY KEY) PARTITION BY"
                  " RANGE (d); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)"));
  pair.program().stop();
  EXPECT_EQ(pair.program().command({"teardown"}).end.exit_code, 1);
  EXPECT_NE(pair.ask("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pgmirror%'"), "0");
  const FinishedProgram teardown = pair.program().command({"teardown", "--yes"});
  EXPECT_EQ(teardown.end.exit_code, 0) << teardown.output;
  EXPECT_EQ(left_behind(pair), "0");
  pair.run("INSERT INTO t VALUES (1)");
}

}  // namespace
}  // namespace pgmirror::tests
