#include <fmt/format.h>

#include "tests/scenario/postgres_mirror/trigger_pair.hpp"

namespace pgmirror::tests {
namespace {

constexpr const char* earlier_version =
    "DO $$ DECLARE body text; BEGIN"
    " SELECT regexp_replace(prosrc, '^\\n-- pgmirror''s log of changes, version 2', '') INTO STRICT body FROM pg_proc"
    "  WHERE oid = 'pgmirror.log_change'::regproc;"
    " EXECUTE format('CREATE OR REPLACE FUNCTION pgmirror.log_change() RETURNS trigger LANGUAGE plpgsql SECURITY "
    "DEFINER"
    " SET search_path = pg_catalog, pg_temp SET datestyle = %L SET extra_float_digits = 3 AS %L', 'ISO, MDY', body);"
    " END $$";
constexpr const char* our_body =
    "SELECT prosrc LIKE '%version 2%' FROM pg_proc WHERE oid = 'pgmirror.log_change'::regproc";

TEST(TriggerUpkeep, FunctionOfAnEarlierVersionIsReplacedAtTheStart) {
  TriggerPair pair;
  ASSERT_TRUE(
      pair.follow("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, g FROM "
                  "generate_series(1, 20) g"));
  pair.program().stop();
  pair.run(earlier_version);
  ASSERT_EQ(pair.ask(our_body), "f");
  pair.run("UPDATE t SET v = 'x' WHERE id < 9; DELETE FROM t WHERE id = 20; INSERT INTO t VALUES (30, 'y')");
  const std::string before = pair.program().log();
  pair.program().start();
  ASSERT_TRUE(pair.becomes_same());
  EXPECT_EQ(pair.ask(our_body), "t");
  EXPECT_EQ(pair.program().log().substr(before.size()).find("[MirrorCopy]"), std::string::npos)
      << pair.program().log().substr(before.size());
}

TEST(TriggerUpkeep, FunctionOfSomebodyElseIsRefused) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow("CREATE TABLE t(id int PRIMARY KEY)"));
  pair.program().stop();
  pair.run(
      "CREATE OR REPLACE FUNCTION pgmirror.log_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS "
      "'BEGIN RETURN NULL; END'");
  pair.program().start();
  EXPECT_TRUE(pair.logs("is gone or another one"));
  EXPECT_EQ(pair.program().wait(20s).exit_code, 78);
}

TEST(TriggerUpkeep, D21_TriggerOfAPartitionedTableGetsTheNameThatLetsOthersBeAttached) {
  DatabaseAndMirror pair(source_server(), shared_postgres());
  choose_method(pair.program());
  pair.run(
      "CREATE TABLE p(id int, d int, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);"
      "CREATE TABLE p0 PARTITION OF p FOR VALUES FROM (0) TO (10); INSERT INTO p VALUES (1, 1);"
      "CREATE TABLE alone(id int, d int, PRIMARY KEY (id, d)); INSERT INTO alone VALUES (2, 11)");
  pair.program().start();
  ASSERT_TRUE(pair.becomes_same());
  pair.program().stop();
  // As an earlier version had it.
  pair.run("ALTER TRIGGER pgmirror_partition_row ON p RENAME TO pgmirror_row");
  pair.program().start();
  EXPECT_TRUE(eventually(30s, [&] {
    try {
      pair.run("ALTER TABLE p ATTACH PARTITION alone FOR VALUES FROM (10) TO (20)");
      return true;
    } catch (const pqxx::sql_error&) {
      return false;
    }
  }));
  pair.run("INSERT INTO p VALUES (3, 12), (4, 4)");
  EXPECT_TRUE(pair.becomes_same());
}

TEST(TriggerUpkeep, WritersWithNoRightsInOurSchemaAreFollowed) {
  TriggerPair pair;
  pair.run(
      "DO $$ BEGIN CREATE ROLE clerk LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
      "REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO clerk");
  ASSERT_TRUE(pair.follow(
      "CREATE TABLE t(id int PRIMARY KEY, v text); GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON t TO clerk;"
      "CREATE TABLE keyless(v text); GRANT SELECT, INSERT, UPDATE, DELETE ON keyless TO clerk"));
  ASSERT_EQ(pair.ask("SELECT has_schema_privilege('clerk', 'pgmirror', 'USAGE')"), "f");
  pair.run("SET SESSION AUTHORIZATION clerk; SET search_path = pg_temp, public; CREATE TEMP TABLE changes (xid text)",
           "INSERT INTO t SELECT g, 'v' FROM generate_series(1, 20) g; UPDATE t SET v = 'w' WHERE id < 5;"
           "DELETE FROM t WHERE id = 7; INSERT INTO keyless VALUES ('a'), ('a'); DELETE FROM keyless WHERE ctid = "
           "'(0,1)'");
  EXPECT_TRUE(pair.becomes_same());
  pair.run("SET SESSION AUTHORIZATION clerk", "TRUNCATE t; INSERT INTO t VALUES (1, 'after')");
  EXPECT_TRUE(pair.becomes_same());
}

TEST(TriggerUpkeep, EveryWayToWriteIsSeen) {
  TriggerPair pair;
  ASSERT_TRUE(pair.follow(
      "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'v' FROM generate_series(1, 20) g;"
      "CREATE TABLE child(id int PRIMARY KEY, t int REFERENCES t ON DELETE CASCADE ON UPDATE CASCADE);"
      "INSERT INTO child SELECT g, g FROM generate_series(1, 20) g;"
      "CREATE TABLE frozen(id int PRIMARY KEY);"
      "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS"
      " $$ BEGIN UPDATE t SET v = v || '!' WHERE id = NEW.id + 1; RETURN NULL; END $$;"
      "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON frozen DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE"
      " FUNCTION late()"));
  pair.run(
      "MERGE INTO t USING (SELECT g AS id FROM generate_series(15, 25) g) s ON t.id = s.id WHEN MATCHED AND t.id = 15 "
      "THEN DELETE WHEN MATCHED THEN UPDATE SET v = 'merged' WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'new')");
  pair.run("INSERT INTO t VALUES (1, 'a'), (40, 'b') ON CONFLICT (id) DO UPDATE SET v = excluded.v || t.v");
  pair.run("BEGIN; TRUNCATE frozen; COPY frozen FROM PROGRAM 'seq 1 12' WITH (FREEZE); COMMIT");
  pair.run(
      "UPDATE t SET id = id + 100 WHERE id < 4; WITH gone AS (DELETE FROM t WHERE id = 10 RETURNING *) INSERT INTO "
      "t SELECT 1000, v FROM gone");
  ASSERT_TRUE(pair.becomes_same());
  pair.run("SET session_replication_role = replica", "UPDATE t SET v = 'by a replica' WHERE id > 100");
  ASSERT_TRUE(pair.becomes_same());
  pair.run("TRUNCATE t CASCADE; INSERT INTO t VALUES (1, 'left')");
  ASSERT_TRUE(pair.becomes_same());
  EXPECT_EQ(pair.times_logged("is copied again"), 0U) << pair.program().log();
}

}  // namespace
}  // namespace pgmirror::tests
