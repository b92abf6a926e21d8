#include <gtest/gtest.h>

#include "tests/scenario/postgres_source/followed_server.hpp"

namespace pgmirror::tests {
namespace {

using Lines = std::vector<std::string>;

/// Nine thousand bytes that PostgreSQL keeps outside the row and does not send again.
constexpr const char* large_text =
    "CREATE TABLE t (id int PRIMARY KEY, name text, body text);"
    "ALTER TABLE t ALTER body SET STORAGE EXTERNAL;"
    "INSERT INTO t VALUES (1, 'a', repeat('x', 9000))";

TEST(PostgresSource, RowsArriveAsTheyWereChanged) {
  FollowedServer followed;
  followed.sql("CREATE TABLE t (id int PRIMARY KEY, name text)");
  followed.start();
  followed.sql("INSERT INTO t VALUES (1, 'a'), (2, NULL)");
  followed.sql("UPDATE t SET name = 'b' WHERE id = 2");
  followed.sql("DELETE FROM t WHERE id = 1");
  EXPECT_EQ(followed.new_changes(), (Lines{"insert t [1|a]", "insert t [2|NULL]", "update t [2|b]", "delete t [1|~]"}));
}

TEST(PostgresSource, ExcludedTablesAndColumnsNeverLeaveTheSource) {
  FollowedServer followed;
  followed.rules = config::TableRules({}, {"secret"}, {"t.password"});
  followed.sql(
      "CREATE TABLE t (id int PRIMARY KEY, password text, name text); CREATE TABLE secret (id int PRIMARY KEY)");
  followed.start();
  followed.sql("INSERT INTO secret VALUES (1)");
  followed.sql(
      "INSERT INTO t VALUES (1, 'pw', 'a'); UPDATE t SET password = 'new'; UPDATE t SET id = 2; DELETE FROM t");
  EXPECT_EQ(followed.new_changes(),
            (Lines{"insert t [1|a]", "update t [1|a]", "update t [1|~] [2|a]", "delete t [2|~]"}));
}

TEST(PostgresSource, NamesOfAllKindsAreFollowed) {
  FollowedServer followed;
  followed.sql("CREATE SCHEMA \"My \"\"S\"; CREATE TABLE \"My \"\"S\".\"a'b; -- \\ \"(\"Sel ect\" int PRIMARY KEY)");
  followed.start();
  followed.sql("INSERT INTO \"My \"\"S\".\"a'b; -- \\ \" VALUES (1)");
  EXPECT_EQ(followed.new_changes(), (Lines{"insert My \"S.a'b; -- \\  [1]"}));
}

TEST(PostgresSource, T7_SettingsOfTheDatabaseDoNotReachValues) {
  FollowedServer followed;
  followed.sql(
      "CREATE TABLE t (id int PRIMARY KEY, d date, z timestamptz, f float8, i interval, b bytea);"
      "ALTER DATABASE " +
      followed.direct.database + " SET DateStyle = 'German'; ALTER DATABASE " + followed.direct.database +
      " SET extra_float_digits = -5; ALTER DATABASE " + followed.direct.database +
      " SET IntervalStyle = 'iso_8601'; ALTER DATABASE " + followed.direct.database +
      " SET bytea_output = 'escape'; ALTER DATABASE " + followed.direct.database +
      " SET TimeZone = 'Asia/Tokyo'; ALTER DATABASE " + followed.direct.database + " SET search_path = 'nowhere'");
  followed.start();
  followed.sql(
      "SET DateStyle = ISO; SET TimeZone = UTC; INSERT INTO public.t VALUES (1, '2026-02-03', '2026-02-03 "
      "04:05:06+00', "
      "0.1::float8 + 0.2, "
      "'1 day 02:03:04', '\\x00ff5c27')");
  EXPECT_EQ(followed.new_changes(), (Lines{"insert t [1|2026-02-03|2026-02-03 04:05:06+00|0.30000000000000004|1 day "
                                           "02:03:04|\\x00ff5c27]"}));
}

TEST(PostgresSource, T24_UnchangedLargeValueIsMarkedSo) {
  FollowedServer followed;
  followed.sql(large_text);
  followed.start();
  followed.sql("UPDATE t SET name = 'b'");
  EXPECT_EQ(followed.new_changes(), (Lines{"update t [1|b|~]"}));
}

TEST(PostgresSource, T25_ChangedKeyOfARowWithAnUnchangedLargeValue) {
  FollowedServer followed;
  followed.sql(large_text);
  followed.start();
  followed.sql("UPDATE t SET id = 5");
  EXPECT_EQ(followed.new_changes(), (Lines{"update t [1|~|~] [5|a|~]"}));
}

TEST(PostgresSource, T26_InsertAndPartialUpdateInOneTransaction) {
  FollowedServer followed;
  followed.sql(large_text);
  followed.start();
  followed.sql("INSERT INTO t VALUES (2, 'c', repeat('y', 9000)); UPDATE t SET name = 'd' WHERE id = 2");
  EXPECT_EQ(followed.new_changes(), (Lines{"insert t [2|c|" + std::string(9000, 'y') + "]", "update t [2|d|~]"}));
}

TEST(PostgresSource, K1_TableWithoutAKeyNeverMakesTheApplicationFail) {
  FollowedServer followed;
  followed.sql("CREATE TABLE t (id int); CREATE TABLE d (id int PRIMARY KEY DEFERRABLE); INSERT INTO t VALUES (1)");
  followed.start();
  followed.sql("UPDATE t SET id = 2; DELETE FROM t; INSERT INTO t VALUES (3); TRUNCATE t; INSERT INTO d VALUES (1)");
  followed.sql("UPDATE d SET id = 2");
  EXPECT_EQ(followed.new_changes(), (Lines{"insert t [3]", "truncate t", "insert d [1]"}));
}

TEST(PostgresSource, K2_FullIdentityTellsWholeOldRows) {
  FollowedServer followed;
  followed.sql(
      "CREATE TABLE t (a int, b json); ALTER TABLE t REPLICA IDENTITY FULL;"
      "INSERT INTO t VALUES (1, '{\"k\" : 1}'), (1, '{\"k\" : 1}')");
  followed.start();
  followed.sql("DELETE FROM t WHERE ctid = '(0,1)'; UPDATE t SET a = 2; UPDATE t SET a = a");
  EXPECT_EQ(followed.new_changes(), (Lines{"delete t [1|{\"k\" : 1}]", "update t [1|{\"k\" : 1}] [2|{\"k\" : 1}]",
                                           "update t [2|{\"k\" : 1}] [2|{\"k\" : 1}]"}));
}

TEST(PostgresSource, K2_FullIdentityWithAKeyTellsWholeOldRowsToo) {
  FollowedServer followed;
  followed.sql("CREATE TABLE t (a int PRIMARY KEY, b text); ALTER TABLE t REPLICA IDENTITY FULL");
  followed.start();
  followed.sql("INSERT INTO t VALUES (1, 'x'); UPDATE t SET b = 'y'; UPDATE t SET a = 2; DELETE FROM t");
  EXPECT_EQ(followed.new_changes(),
            (Lines{"insert t [1|x]", "update t [1|x] [1|y]", "update t [1|y] [2|y]", "delete t [2|y]"}));
}

TEST(PostgresSource, K10_KeyChangesAlsoOfARowInsertedInTheSameTransaction) {
  FollowedServer followed;
  followed.sql("CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t VALUES (1, 'a')");
  followed.start();
  followed.sql("UPDATE t SET id = 1001; INSERT INTO t VALUES (2, 'b'); UPDATE t SET id = 1002 WHERE id = 2");
  EXPECT_EQ(followed.new_changes(), (Lines{"update t [1|~] [1001|a]", "insert t [2|b]", "update t [2|~] [1002|b]"}));
}

TEST(PostgresSource, K11_KeysAreSwapped) {
  FollowedServer followed;
  followed.sql(
      "CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t VALUES (1, 'a'), (2, 'b');"
      "CREATE TABLE u (id int NOT NULL UNIQUE DEFERRABLE, name text); ALTER TABLE u REPLICA IDENTITY FULL;"
      "INSERT INTO u VALUES (1, 'a'), (2, 'b')");
  followed.start();
  followed.sql(
      "UPDATE t SET id = -1 WHERE id = 1; UPDATE t SET id = 1 WHERE id = 2; UPDATE t SET id = 2 WHERE id = -1");
  followed.sql("UPDATE u SET id = 3 - id");
  EXPECT_EQ(followed.new_changes(), (Lines{"update t [1|~] [-1|a]", "update t [2|~] [1|b]", "update t [-1|~] [2|a]",
                                           "update u [1|a] [2|a]", "update u [2|b] [1|b]"}));
}

TEST(PostgresSource, K12_UniqueValuesAreSwapped) {
  FollowedServer followed;
  followed.sql(
      "CREATE TABLE t (id int PRIMARY KEY, n int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
      "INSERT INTO t VALUES (1, 10), (2, 20)");
  followed.start();
  followed.sql("UPDATE t SET n = 30 - n");
  EXPECT_EQ(followed.new_changes(), (Lines{"update t [1|20]", "update t [2|10]"}));
}

TEST(PostgresSource, K13_OneKeyIsDeletedAndInsertedManyTimes) {
  FollowedServer followed;
  followed.sql("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0)");
  followed.start();
  followed.sql("DO $$ BEGIN FOR i IN 1..3 LOOP DELETE FROM t; INSERT INTO t VALUES (1, i); END LOOP; END $$");
  EXPECT_EQ(followed.new_changes(), (Lines{"delete t [1|~]", "insert t [1|1]", "delete t [1|~]", "insert t [1|2]",
                                           "delete t [1|~]", "insert t [1|3]"}));
}

TEST(PostgresSource, K15_CompositeKeys) {
  FollowedServer followed;
  followed.sql(
      "CREATE TABLE t (v text, c int, a int, b int, PRIMARY KEY (a, b, c)); INSERT INTO t VALUES ('x', 3, 1, 2)");
  followed.start();
  followed.sql("UPDATE t SET b = 20; UPDATE t SET a = a; DELETE FROM t");
  EXPECT_EQ(followed.new_changes(),
            (Lines{"update t [~|3|1|2] [x|3|1|20]", "update t [x|3|1|20]", "delete t [~|3|1|20]"}));
}

TEST(PostgresSource, K7_IdentityIsAnIndex) {
  FollowedServer followed;
  followed.sql(
      "CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL); CREATE UNIQUE INDEX by_code ON t (code);"
      "ALTER TABLE t REPLICA IDENTITY USING INDEX by_code; INSERT INTO t VALUES (1, 'a')");
  followed.start();
  followed.sql("UPDATE t SET id = 2; UPDATE t SET code = 'b'; DELETE FROM t");
  EXPECT_EQ(followed.new_changes(), (Lines{"update t [2|a]", "update t [~|a] [2|b]", "delete t [~|b]"}));
}

TEST(PostgresSource, GeneratedColumnsAreNotSent) {
  FollowedServer followed;
  followed.sql("CREATE TABLE t (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED, name text)");
  followed.start();
  followed.sql("INSERT INTO t VALUES (1, DEFAULT, 'a')");
  EXPECT_EQ(followed.new_changes(), (Lines{"insert t [1|a]"}));
}

TEST(PostgresSource, PartitionsAreOneTable) {
  FollowedServer followed;
  followed.sql(
      "CREATE TABLE t (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);"
      "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (10);"
      "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20)");
  followed.start();
  followed.sql("INSERT INTO t VALUES (1, 'a'); UPDATE t SET id = 11");
  EXPECT_EQ(followed.new_changes(), (Lines{"insert t [1|a]", "delete t [1|~]", "insert t [11|a]"}));
}

}  // namespace
}  // namespace pgmirror::tests
