#include <thread>

#include "tests/scenario/postgres_mirror/trigger_pair.hpp"

namespace pgmirror::tests {
namespace {

constexpr const char* copied_again = "is copied again";

/// What has happened must have come by the log and not by a copy.
testing::AssertionResult followed(TriggerPair& pair) {
  auto result = pair.becomes_same();
  if (result && pair.times_logged(copied_again) > 0)
    return testing::AssertionFailure() << "a table was copied again\n" << pair.program().log();
  return result;
}

TEST(TriggerCapture, NestedTriggersThatChangeRowsOfTheRunningStatement) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow(R"(
    CREATE TABLE t(id int PRIMARY KEY, v text, changes int DEFAULT 0);
    CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF pg_trigger_depth() > 1 THEN RETURN NULL; END IF;
      UPDATE t SET changes = changes + 1 WHERE id = NEW.id;
      IF NEW.id % 3 = 0 THEN DELETE FROM t WHERE id = NEW.id; END IF;
      IF NEW.id % 5 = 0 THEN INSERT INTO t VALUES (NEW.id + 1000, 'child') ON CONFLICT DO NOTHING; END IF;
      RETURN NULL; END $$;
    CREATE TRIGGER before_ours AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION more();
    CREATE TRIGGER zz_behind_ours AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION more();)"));
  pair.run("INSERT INTO t SELECT g, 'x' FROM generate_series(1, 30) g");
  pair.run("UPDATE t SET v = v || '!' WHERE id % 2 = 0");
  EXPECT_TRUE(followed(pair));
}

TEST(TriggerCapture, ATransactionThatIsOpenOverManyOthers) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow("CREATE TABLE t(id int PRIMARY KEY, v int); CREATE TABLE k(v int)"));
  pqxx::connection session(connection_string(pair.source()));
  pqxx::work open(session);
  open.exec("INSERT INTO t VALUES (1, 1), (2, 1); INSERT INTO k VALUES (1)");
  for (int i = 10; i < 14; ++i) {
    pair.run("INSERT INTO t VALUES (" + std::to_string(i) + ", 0); INSERT INTO k VALUES (2)");
    ASSERT_TRUE(pair.becomes_same());
  }
  open.exec("UPDATE t SET v = 2 WHERE id = 2; DELETE FROM t WHERE id = 11; DELETE FROM k WHERE ctid = '(0,1)'");
  open.commit();
  EXPECT_TRUE(followed(pair));
}

TEST(TriggerCapture, APreparedTransaction) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow("CREATE TABLE t(id int PRIMARY KEY)"));
  pair.run("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'kept'");
  pair.run("BEGIN; INSERT INTO t VALUES (2); PREPARE TRANSACTION 'dropped'");
  pair.run("INSERT INTO t VALUES (3)");
  ASSERT_TRUE(pair.becomes_same());
  pair.run("COMMIT PREPARED 'kept'");
  pair.run("ROLLBACK PREPARED 'dropped'");
  EXPECT_TRUE(followed(pair));
}

TEST(TriggerCapture, UpsertsCopiesAndWritersInTheReplicationRole) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b')"));
  pair.run("INSERT INTO t VALUES (1, 'c'), (3, 'd') ON CONFLICT (id) DO UPDATE SET v = excluded.v");
  pair.run("COPY t(id) FROM PROGRAM 'seq 100 300'");
  pair.run("SET session_replication_role = replica", "INSERT INTO t VALUES (4); DELETE FROM t WHERE id = 2");
  EXPECT_TRUE(followed(pair));
}

TEST(TriggerCapture, RowsMoveBetweenPartitionsWhoseColumnsStandInAnotherOrder) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow(R"(
    CREATE TABLE t(id int, d int, v text, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);
    CREATE TABLE low PARTITION OF t FOR VALUES FROM (0) TO (10);
    CREATE TABLE high(v text, gone int, d int NOT NULL, id int NOT NULL, PRIMARY KEY (id, d));
    ALTER TABLE high DROP gone;
    ALTER TABLE t ATTACH PARTITION high FOR VALUES FROM (10) TO (20);
    INSERT INTO t SELECT g, g % 20, 'v' || g FROM generate_series(1, 100) g)"));
  pair.run("UPDATE t SET d = (d + 10) % 20 WHERE id % 7 = 0");
  pair.run("UPDATE t SET id = id + 1000 WHERE id % 11 = 0; DELETE FROM t WHERE id % 13 = 0");
  pair.run("CREATE TABLE top PARTITION OF t FOR VALUES FROM (20) TO (30); INSERT INTO t VALUES (1, 25, 'top')");
  EXPECT_TRUE(followed(pair));
  pair.run("ALTER TABLE t DETACH PARTITION high; INSERT INTO high VALUES ('alone', 12, 5000)");
  pair.run("TRUNCATE low; INSERT INTO t VALUES (7, 3, 'after')");
  EXPECT_TRUE(pair.becomes_same());
}

/// The application's own ATTACH must not fail because of the triggers that both tables have.
TEST(TriggerCapture, ATableThatWasFollowedBecomesAPartitionAndLeavesAgain) {
  TriggerPair pair;
  ASSERT_TRUE(
      pair.follow("CREATE TABLE p(id int, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION"
                  " OF p FOR VALUES FROM (0) TO (100); CREATE TABLE own(id int PRIMARY KEY, v text);"
                  " INSERT INTO p SELECT g, 'p' FROM generate_series(1, 50) g;"
                  " INSERT INTO own SELECT g, 'own' FROM generate_series(100, 150) g"));
  pair.run("ALTER TABLE p ATTACH PARTITION own FOR VALUES FROM (100) TO (200); UPDATE p SET v = 'x' WHERE id > 140");
  EXPECT_TRUE(pair.becomes_same());
  pair.run("DELETE FROM p WHERE id % 10 = 0; INSERT INTO p VALUES (199, 'new')");
  EXPECT_TRUE(pair.becomes_same());
  EXPECT_TRUE(eventually(20s, [&] {
    return pair.ask(
               "SELECT string_agg(tgname, ' ') FROM pg_trigger WHERE tgrelid = 'own'::regclass AND tgname LIKE"
               " 'pgmirror%'") == "pgmirror_partition_row";
  }));
  pair.run("ALTER TABLE p DETACH PARTITION own; UPDATE own SET v = 'alone' WHERE id > 100; UPDATE p SET v = 'y'");
  EXPECT_TRUE(pair.becomes_same());
  pair.run("DELETE FROM own WHERE id > 120");
  EXPECT_TRUE(pair.becomes_same());
  EXPECT_EQ(pair.program().command({"verify"}).end, ProgramEnd{});
}

TEST(TriggerCapture, ATableWithoutAKeyIsFollowedWithAllItsDuplicates) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow(R"(
    CREATE TABLE t(j json, n int, f float8, s text);
    INSERT INTO t SELECT '{"a": 1}', 1, 0.1, NULL FROM generate_series(1, 5);
    INSERT INTO t VALUES ('{"a":1}', NULL, 'NaN', ''), (NULL, NULL, '-0', E'(,")\\ \n\t'), (NULL, 3, 1e300, 'x'))"));
  pair.run("UPDATE t SET s = 'changed' WHERE ctid IN (SELECT ctid FROM t WHERE n = 1 LIMIT 2)");
  pair.run("DELETE FROM t WHERE ctid IN (SELECT ctid FROM t WHERE n = 1 AND s IS NULL LIMIT 1)");
  pair.run("UPDATE t SET n = 8 WHERE n IS NULL; INSERT INTO t SELECT * FROM t");
  EXPECT_TRUE(followed(pair));
  pair.run("BEGIN; INSERT INTO t(n) VALUES (50); TRUNCATE t; INSERT INTO t(n) VALUES (51), (51); COMMIT");
  EXPECT_TRUE(followed(pair));
}

TEST(TriggerCapture, KeysThatAreEqualAndPrintedDifferently) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow("CREATE TABLE t(k numeric PRIMARY KEY, v text); INSERT INTO t VALUES (1.0, 'a'), (2, 'b')"));
  pair.run("UPDATE t SET k = 1.00 WHERE k = 1; UPDATE t SET k = 2.50 WHERE k = 2; INSERT INTO t VALUES (2.000, 'c')");
  EXPECT_TRUE(followed(pair));
}

TEST(TriggerCapture, ExcludedColumnsDoNotLeaveTheSource) {
  TriggerPair pair;
  pair.program().set("MIRROR_EXCLUDE_COLUMNS", "t.secret,k.secret");
  pair.run("CREATE TABLE t(secret text, id int PRIMARY KEY, v text); CREATE TABLE k(v text, secret text)");
  pair.program().start();
  ASSERT_TRUE(pair.logs("Following"));
  pair.run("INSERT INTO t VALUES ('hidden', 1, 'a'); INSERT INTO k VALUES ('b', 'hidden'), ('b', 'other')");
  pair.run("UPDATE t SET secret = 'other'; DELETE FROM k WHERE secret = 'other'; INSERT INTO t VALUES (NULL, 2, 'c')");
  EXPECT_TRUE(eventually(30s, [&]() -> testing::AssertionResult {
    try {
      pqxx::connection mirror(connection_string(pair.mirror()));
      const auto rows = pqxx::nontransaction(mirror).exec(
          "SELECT (SELECT string_agg(t::text, ' ' ORDER BY id) FROM t), (SELECT string_agg(k::text, ' ') FROM k)");
      if (rows[0][0].as<std::string>("") == "(1,a) (2,c)" && rows[0][1].as<std::string>("") == "(b)")
        return testing::AssertionSuccess();
      return testing::AssertionFailure() << rows[0][0].as<std::string>("") << " and " << rows[0][1].as<std::string>("");
    } catch (const pqxx::sql_error& early) {
      return testing::AssertionFailure() << early.what();
    }
  })) << pair.program().log();
}

TEST(TriggerCapture, TriggersThatWereSwitchedOffForAWhile) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')"));
  pair.run(
      "ALTER TABLE t DISABLE TRIGGER ALL; INSERT INTO t VALUES (2, 'unseen'); UPDATE t SET v = 'unseen' WHERE id = 1;"
      "ALTER TABLE t ENABLE TRIGGER ALL");
  EXPECT_TRUE(pair.becomes_same());
  EXPECT_TRUE(pair.logs("public.t is copied again: its triggers were switched off or made anew"));
  pair.run("INSERT INTO t VALUES (3, 'seen')");
  EXPECT_TRUE(pair.becomes_same());
}

TEST(TriggerCapture, TriggersThatWereDropped) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow("CREATE TABLE t(id int PRIMARY KEY); CREATE TABLE other(id int PRIMARY KEY)"));
  pair.run("DROP TRIGGER pgmirror_row ON t; INSERT INTO t VALUES (1); INSERT INTO other VALUES (1)");
  EXPECT_TRUE(pair.becomes_same());
  EXPECT_EQ(pair.times_logged("public.other is copied again"), 0U);
  pair.run("INSERT INTO t VALUES (2)");
  EXPECT_TRUE(pair.becomes_same());
}

TEST(TriggerCapture, DefinitionsThatChangeWhileTheirSessionsGoOnWriting) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow("CREATE TABLE t(a text, id int PRIMARY KEY, v text); INSERT INTO t VALUES ('x', 1, 'a')"));
  pqxx::connection session(connection_string(pair.source()));
  const auto write = [&](const std::string& sql) { pqxx::nontransaction(session).exec(sql); };
  write("INSERT INTO t VALUES ('y', 2, 'b')");
  write(
      "BEGIN; ALTER TABLE t ADD n int; INSERT INTO t VALUES ('z', 3, 'c', 1); ALTER TABLE t DROP a;"
      "INSERT INTO t VALUES (4, 'd', 2); ALTER TABLE t ADD m int; INSERT INTO t VALUES (5, 'e', 3, 9); COMMIT");
  EXPECT_TRUE(pair.becomes_same());
  write("ALTER TABLE t RENAME id TO number; INSERT INTO t VALUES (6, 'f', 4, 9)");
  EXPECT_TRUE(pair.becomes_same());
  write("ALTER TABLE t DROP CONSTRAINT t_pkey; UPDATE t SET v = 'w' WHERE number = 2; INSERT INTO t VALUES (6, 'f')");
  write("UPDATE t SET number = 7 WHERE n IS NULL; ALTER TABLE t ALTER number TYPE numeric(9, 2)");
  write("DELETE FROM t WHERE v = 'e'; INSERT INTO t VALUES (8, 'last')");
  EXPECT_TRUE(pair.becomes_same());
}

TEST(TriggerCapture, AReaderOfTheMirrorNeverSeesHalfATransaction) {
  TriggerPair pair;
  ASSERT_TRUE(
      pair.follow("CREATE TABLE account(id int PRIMARY KEY, money int); CREATE TABLE ledger(a int, change int);"
                  "INSERT INTO account SELECT g, 100 FROM generate_series(1, 20) g"));
  std::jthread teller([&pair](const std::stop_token& stop) {
    pqxx::connection bank(connection_string(pair.source()));
    for (int i = 0; !stop.stop_requested(); ++i) {
      pqxx::work transfer(bank);
      const std::string from = std::to_string(1 + i % 20);
      const std::string to = std::to_string(1 + (i * 7 + 3) % 20);
      transfer.exec("UPDATE account SET money = money - 5 WHERE id = " + from + "; INSERT INTO ledger VALUES (" + from +
                    ", -5); UPDATE account SET money = money + 5 WHERE id = " + to + "; INSERT INTO ledger VALUES (" +
                    to + ", 5)");
      transfer.commit();
    }
  });
  pqxx::connection mirror(connection_string(pair.mirror()));
  std::set<std::string> states;
  const auto enough = [&] {
    pqxx::work reading(mirror);
    const auto sums = reading.exec(
        "SELECT (SELECT sum(money) FROM account), (SELECT coalesce(sum(change), 0) FROM ledger),"
        " (SELECT sum(money) - 100 * count(*) FROM account WHERE id < 5) - (SELECT coalesce(sum(change), 0) FROM ledger"
        "  WHERE a < 5), (SELECT count(*) FROM ledger)");
    EXPECT_EQ(sums[0][0].as<int>(), 2000);
    EXPECT_EQ(sums[0][1].as<int>(), 0);
    EXPECT_EQ(sums[0][2].as<int>(), 0);
    states.insert(sums[0][3].c_str());
    return states.size() > 15 || testing::Test::HasFailure();
  };
  EXPECT_TRUE(eventually(30s, enough));
  teller.request_stop();
  teller.join();
  EXPECT_TRUE(followed(pair));
}

}  // namespace
}  // namespace pgmirror::tests
