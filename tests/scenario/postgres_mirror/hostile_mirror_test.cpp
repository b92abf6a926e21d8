#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/scenario/bank.hpp"
#include "tests/scenario/postgres_mirror/database_bank.hpp"
#include "tests/scenario/postgres_mirror/hostile_mirror.hpp"
#include "tests/support/tcp_proxy.hpp"
#include "tests/support/transaction_pooler.hpp"

namespace pgmirror::tests {
namespace {

constexpr const char* small_table =
    "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, g FROM generate_series(1, 100) g";

class HostileMirrorServer : public HostileMirror {
 protected:
  /// Ends a long pause between two attempts.
  void try_again() { EXPECT_EQ(pair_.program().command({"resume"}).end, ProgramEnd{}); }
};

TEST_F(HostileMirrorServer, G5_ReadOnlyMirrorIsNamedAndWaitedFor) {
  mirror_first(small_table);
  const auto read_only = [&](const char* state) {
    tell(shared_postgres().administration(),
         fmt::format("ALTER DATABASE {} SET default_transaction_read_only = {}", pair_.mirror().database, state));
    end_sessions(pair_.mirror());
  };
  read_only("on");
  tell_source("UPDATE t SET v = 'waits' WHERE id < 50");
  EXPECT_TRUE(pair_.logs("mirror is read-only"));
  EXPECT_FALSE(healthy());
  read_only("off");
  try_again();
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_TRUE(healthy());
}

/// As the server says it when it cannot extend a file.
TEST_F(HostileMirrorServer, G5_FullDiskOfTheMirrorIsNamedAndWaitedFor) {
  mirror_first(small_table);
  tell_mirror(
      "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'could not extend file"
      " \"base/1/2\": No space left on device' USING ERRCODE = '53100'; END$$;"
      "CREATE TRIGGER full_disk BEFORE UPDATE ON t EXECUTE FUNCTION full_disk();"
      "ALTER TABLE t ENABLE ALWAYS TRIGGER full_disk");
  tell_source("UPDATE t SET v = 'waits' WHERE id < 50");
  EXPECT_TRUE(pair_.logs("disk"));
  EXPECT_FALSE(healthy());
  EXPECT_EQ(ask_mirror("SELECT count(*) FROM pgmirror.tables WHERE state <> 'live'"), "0");
  tell_mirror("DROP TRIGGER full_disk ON t");
  try_again();
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_TRUE(healthy());
}

TEST_F(HostileMirrorServer, G7_LockAndStatementTimeoutsOfTheMirrorAreTriedAgain) {
  mirror_first(small_table);
  for (const char* timeout : {"lock_timeout", "statement_timeout"}) {
    tell_mirror(fmt::format("ALTER DATABASE {} SET {} = '300ms'", pair_.mirror().database, timeout));
    end_sessions(pair_.mirror());
    pqxx::connection somebody(connection_string(pair_.mirror()));
    pqxx::work work(somebody);
    work.exec("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
    tell_source(fmt::format("UPDATE t SET v = '{}' WHERE id % 2 = 0", timeout));
    EXPECT_TRUE(pair_.logs(std::string(timeout) == "lock_timeout" ? "somebody holds a lock" : "was cancelled"));
    work.commit();
    EXPECT_TRUE(pair_.becomes_same());
    tell_mirror(fmt::format("ALTER DATABASE {} RESET {}", pair_.mirror().database, timeout));
  }
}

TEST_F(HostileMirrorServer, G11_TriggersOfTheMirrorAreNotFired) {
  mirror_first(small_table);
  tell_mirror(
      "CREATE SCHEMA audit; CREATE TABLE audit.seen(n int); CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE "
      "plpgsql AS $$ BEGIN INSERT INTO audit.seen VALUES (1); RETURN NULL; END $$; CREATE TRIGGER theirs AFTER INSERT "
      "OR UPDATE OR DELETE ON public.t FOR EACH ROW EXECUTE FUNCTION audit.note()");
  tell_source("UPDATE t SET v = 'x'; DELETE FROM t WHERE id < 10; INSERT INTO t VALUES (1000, 'new')");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_EQ(ask_mirror("SELECT count(*) FROM audit.seen"), "0");
}

TEST_F(HostileMirrorServer, G12_MirrorThatSomebodyEditedIsCountedFoundAndMended) {
  mirror_first(small_table);
  tell_mirror("DELETE FROM t WHERE id <= 5; UPDATE t SET v = 'theirs' WHERE id = 50; INSERT INTO t VALUES (999, 'x')");
  tell_source(
      "UPDATE t SET v = 'ours' WHERE id IN (3, 60); DELETE FROM t WHERE id = 4; INSERT INTO t VALUES (999, 'y')");
  EXPECT_TRUE(eventually(30s, [&] { return ask_mirror("SELECT v FROM t WHERE id = 60") == "ours"; }))
      << pair_.program().log();
  EXPECT_FALSE(healthy()) << "rows were missing and nobody hears of it";
  EXPECT_EQ(pair_.program().command({"verify"}).end, (ProgramEnd{.exit_code = 2}));
  const FinishedProgram repaired = pair_.program().command({"verify", "--repair"});
  EXPECT_TRUE(pair_.becomes_same()) << repaired.output;
  EXPECT_EQ(pair_.program().command({"verify"}).end, ProgramEnd{});
}

TEST_F(HostileMirrorServer, G12_TableDroppedInTheMirrorIsCopiedAgainWhileOthersGoOn) {
  mirror_first(std::string(small_table) + "; CREATE TABLE other(id int PRIMARY KEY)");
  tell_mirror("DROP TABLE t");
  tell_source("UPDATE t SET v = 'x'; INSERT INTO other VALUES (1)");
  tell_source("INSERT INTO other VALUES (2)");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_NE(pair_.program().log().find("Table public.t is copied again"), std::string::npos) << pair_.program().log();
}

/// The mirror as it was a while ago, while the agent, its queue and the slot are of today.
TEST_F(HostileMirrorServer, G13_MirrorRestoredFromABackupIsBroughtForwardFromTheQueue) {
  pair_.program().set("MIRROR_QUEUE_RETENTION", "1h");
  mirror_first(small_table);
  ASSERT_EQ(pair_.program().stop(), ProgramEnd{});
  const auto administration = shared_postgres().administration();
  const std::string name = pair_.mirror().database;
  tell(administration, fmt::format("CREATE DATABASE {0}_backup TEMPLATE {0}", name));
  pair_.program().start();
  tell_source("UPDATE t SET v = 'later' WHERE id > 20; DELETE FROM t WHERE id = 7; INSERT INTO t VALUES (500, 'x')");
  ASSERT_TRUE(pair_.becomes_same());
  ASSERT_EQ(pair_.program().stop(), ProgramEnd{});
  tell(administration, "DROP DATABASE " + name);
  tell(administration, fmt::format("ALTER DATABASE {0}_backup RENAME TO {0}", name));
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_EQ(pair_.program().command({"verify"}).end, ProgramEnd{});
}

TEST_F(HostileMirrorServer, G13_CheckpointAheadOfTheQueueIsRefused) {
  mirror_first(small_table);
  ASSERT_EQ(pair_.program().stop(), ProgramEnd{});
  tell_mirror("UPDATE pgmirror.checkpoint SET position = position + 1000000000");
  pair_.program().start();
  EXPECT_TRUE(pair_.logs("resync --all"));
  tell_source("UPDATE t SET v = 'x'");
  EXPECT_FALSE(healthy());
  EXPECT_EQ(ask_mirror("SELECT count(*) FROM t WHERE v = 'x'"), "0");
}

/// Sessions that others have left with settings of their own.
TEST_F(HostileMirrorServer, G14_G15_PoolerWithLeftoversIsNoDifference) {
  TransactionPooler pooler(pair_.mirror(), 2);
  for (int client = 0; client < 4; ++client) {
    tell(pooler.settings(),
         "SET DateStyle = 'German'; SET search_path = nowhere; SET TimeZone = 'Asia/Kolkata'; SET bytea_output = "
         "'escape'; SET standard_conforming_strings = off; SET session_replication_role = origin");
  }
  pair_.program().set_mirror(pooler.settings());
  mirror_first(
      "CREATE TABLE t(id int PRIMARY KEY, d date, b bytea, s text); INSERT INTO t VALUES (1, '2026-02-03', '\\x00ff', "
      "'a\\b')");
  tell_source("INSERT INTO t SELECT g, '2026-03-04', '\\x5c00', E'\\\\x' || g FROM generate_series(2, 200) g");
  tell(pooler.settings(), "SET DateStyle = 'SQL, DMY'; SET search_path = nowhere");
  tell_source("UPDATE t SET d = d + 1 WHERE id % 2 = 0; DELETE FROM t WHERE id = 3");
  EXPECT_TRUE(pair_.becomes_same());
}

TEST_F(HostileMirrorServer, G17_ExhaustedConnectionsAndEndedSessionsAreWaitedFor) {
  const std::string role = "few_" + pair_.mirror().database;
  tell_mirror(fmt::format("CREATE ROLE {} LOGIN; ALTER DATABASE {} OWNER TO {}; ALTER SCHEMA public OWNER TO {}", role,
                          pair_.mirror().database, role, role));
  config::ConnectionSettings plain = pair_.mirror();
  plain.user = role;
  pair_.program().set_mirror(plain);
  mirror_first(small_table);
  tell_mirror("ALTER ROLE " + role + " CONNECTION LIMIT 0");
  end_sessions(pair_.mirror());
  tell_source("UPDATE t SET v = 'waits'");
  EXPECT_TRUE(pair_.logs("no connection left"));
  let_time_pass(2s);
  EXPECT_LT(times_logged("no connection left"), 5U) << "a server that is full is not to be pestered";
  tell_mirror("ALTER ROLE " + role + " CONNECTION LIMIT -1");
  try_again();
  EXPECT_TRUE(pair_.becomes_same());
  for (int round = 0; round < 5; ++round) {
    tell_source(fmt::format("UPDATE t SET v = 'round {}' WHERE id % 5 = {}", round, round));
    end_sessions(pair_.mirror());
  }
  EXPECT_TRUE(pair_.becomes_same());
}

TEST_F(HostileMirrorServer, G6_ConflictsOfASerializableMirrorAreTriedAgain) {
  DatabaseBank bank(pair_.source());
  tell_mirror("ALTER DATABASE " + pair_.mirror().database + " SET default_transaction_isolation = serializable");
  pair_.program().start();
  ASSERT_TRUE(pair_.becomes_same());
  {
    const DatabaseBank::Client client(bank, 1);
    // Each reads what is applied and writes what is applied next, so that one of the two has to give way.
    for (int round = 0; round < 60; ++round) {
      try {
        pqxx::connection somebody(connection_string(pair_.mirror()));
        pqxx::work work(somebody);
        work.exec("SELECT sum(balance) FROM account");
        work.exec("UPDATE account SET balance = balance");
        work.commit();
      } catch (const pqxx::failure&) {
        continue;
      }
    }
  }
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_EQ(read_bank(pair_.mirror()).fault(), "");
}

TEST_F(HostileMirrorServer, G19_DeadMirrorDelaysTheOtherByNothing) {
  const auto second = shared_postgres().create_database();
  TcpProxy dead(second);
  const TemporaryDirectory directory;
  std::ofstream(directory / "pgmirror.yaml")
      << fmt::format("mirrors:\n  live: {{url: \"{}\"}}\n  dead: {{url: \"{}\"}}\n", connection_url(pair_.mirror()),
                     connection_url(dead.settings()));
  pair_.program().set("MIRROR_DB_URL", "");
  pair_.program().set("MIRROR_CONFIG", (directory / "pgmirror.yaml").string());
  mirror_first(small_table);
  ASSERT_TRUE(eventually(30s, [&] { return same_database(pair_.source(), second); }));
  dead.refuse();
  tell_source("UPDATE t SET v = 'x' WHERE id % 2 = 0");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  ASSERT_TRUE(eventually(30s, [&] { return !healthy(); }));
  dead.black_hole();
  tell_source("DELETE FROM t WHERE id % 3 = 0");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_FALSE(same_database(pair_.source(), second));
  for (int ask = 0; ask < 20; ++ask) {
    ASSERT_FALSE(healthy()) << "it is being called most of the time";
    let_time_pass(50ms);
  }
  dead.serve();
  EXPECT_TRUE(eventually(60s, [&] { return same_database(pair_.source(), second); })) << pair_.program().log();
}

/// Nothing of it waits for the mirror, and nothing of it is lost.
TEST_F(HostileMirrorServer, G20_StopWithABacklogEndsAtOnceAndGoesOnThere) {
  mirror_first(small_table);
  tell_source("UPDATE t SET v = 'followed'");
  ASSERT_TRUE(pair_.becomes_same()) << "keys come after the rows of the copy, and want no lock then";
  {
    pqxx::connection somebody(connection_string(pair_.mirror()));
    pqxx::work work(somebody);
    work.exec("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
    for (int round = 0; round < 50; ++round) tell_source(fmt::format("UPDATE t SET v = 'round {}'", round));
    EXPECT_TRUE(eventually(20s, [&] {
      const auto status = nlohmann::json::parse(pair_.program().command({"status", "--json"}).output);
      const auto& waiting = status["mirrors"][0]["backlog"]["transactions"];
      return waiting.is_number() && waiting > 10;
    })) << pair_.program().log();
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(pair_.program().stop(), ProgramEnd{});
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
  }
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same());
}

}  // namespace
}  // namespace pgmirror::tests
