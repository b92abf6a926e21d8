#include <gtest/gtest.h>

#include <algorithm>
#include <pqxx/pqxx>

#include "tests/scenario/postgres_source/followed_server.hpp"
#include "tests/support/eventually.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

constexpr const char* plain_table = "CREATE TABLE t (id int PRIMARY KEY, name text)";

/// Waits for `line` among all changes.
testing::AssertionResult arrives(FollowedServer& followed, const std::string& line) {
  const bool found = eventually(20s, [&] {
    const Lines all = followed.log().changes();
    return std::ranges::find(all, line) != all.end();
  });
  if (found) return testing::AssertionSuccess();
  auto failure = testing::AssertionFailure() << "\"" << line << "\" did not come, but";
  for (const std::string& other : followed.log().changes()) failure << "\n  " << other;
  return failure;
}

/// Without what belongs to objects beyond tables.
Lines about_rows(const Lines& changes) {
  Lines kept;
  std::ranges::copy_if(changes, std::back_inserter(kept), [](const std::string& line) {
    return !line.starts_with("statement") && !line.starts_with("sequence");
  });
  return kept;
}

TEST(PostgresSource, D9_NewTableIsFollowedFromItsContent) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  followed.sql("CREATE TABLE n (id int PRIMARY KEY); INSERT INTO n VALUES (1)");
  ASSERT_TRUE(arrives(followed, "gap n"));
  followed.sql("INSERT INTO n VALUES (2); UPDATE n SET id = 3 WHERE id = 1");
  EXPECT_EQ(about_rows(followed.new_changes()),
            (Lines{"schema nothing -> n(id)", "gap n", "insert n [2]", "update n [1] [3]"}));
}

TEST(PostgresSource, D9_NothingOfATransactionOpenAtThePublicationIsTakenForComplete) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{});
  const auto session = followed.open_session();
  followed.sql("CREATE TABLE n (id int PRIMARY KEY)");
  pqxx::work open(*session);
  open.exec("INSERT INTO n VALUES (1)");
  ASSERT_TRUE(eventually(
      20s, [&] { return followed.sql("SELECT count(*) FROM pg_publication_tables WHERE tablename = 'n'") == "1"; }));
  open.exec("INSERT INTO n VALUES (2)");
  followed.sql("INSERT INTO n VALUES (3)");
  let_time_pass(500ms);
  EXPECT_EQ(about_rows(followed.new_changes()), Lines{});
  open.commit();
  ASSERT_TRUE(arrives(followed, "gap n"));
  followed.sql("INSERT INTO n VALUES (4)");
  EXPECT_EQ(about_rows(followed.new_changes()), (Lines{"schema nothing -> n(id)", "gap n", "insert n [4]"}));
}

TEST(PostgresSource, D1_NewColumnIsToldBeforeItsFirstRow) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  followed.sql("INSERT INTO t VALUES (1, 'a')");
  followed.sql("ALTER TABLE t ADD extra int; INSERT INTO t VALUES (2, 'b', 3)");
  EXPECT_EQ(about_rows(followed.new_changes()),
            (Lines{"insert t [1|a]", "schema t -> t(id,name,extra)", "insert t [2|b|3]"}));
}

TEST(PostgresSource, D1_NewColumnIsToldThoughNoRowFollows) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  followed.sql("ALTER TABLE t ADD extra int");
  EXPECT_TRUE(arrives(followed, "schema t -> t(id,name,extra)"));
}

TEST(PostgresSource, D3_RewrittenTableIsTakenAnew) {
  FollowedServer followed;
  followed.sql(std::string(plain_table) + "; INSERT INTO t VALUES (1, 'a')");
  followed.start();
  followed.sql("ALTER TABLE t ADD u uuid DEFAULT gen_random_uuid()");
  EXPECT_TRUE(arrives(followed, "gap t"));
}

TEST(PostgresSource, D3_TableThatWasRewrittenWhileNobodyWatchedIsTakenAnew) {
  FollowedServer followed;
  followed.sql(std::string(plain_table) + "; INSERT INTO t VALUES (1, 'a')");
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{});
  followed.stop();
  followed.sql("ALTER TABLE t ALTER name TYPE text USING upper(name) || 'x'");
  followed.start();
  EXPECT_TRUE(arrives(followed, "gap t"));
}

/// By the rows alone: a look at the catalog may come between, and tell once more what was called so when it began.
TEST(PostgresSource, D6_RenamedColumnsAndTablesAreToldAsSuch) {
  FollowedServer followed;
  followed.pace.catalog_poll = 1h;
  followed.sql(plain_table);
  followed.start();
  followed.sql("ALTER TABLE t RENAME name TO title; INSERT INTO t VALUES (1, 'a')");
  followed.sql("ALTER TABLE t RENAME TO u; INSERT INTO u VALUES (2, 'b')");
  EXPECT_EQ(about_rows(followed.new_changes()), (Lines{"schema t -> t(id,title) name=title", "insert t [1|a]",
                                                       "schema t -> u(id,title)", "insert u [2|b]"}));
}

TEST(PostgresSource, D8_TableMadeAnewUnderTheSameNameIsAnotherOne) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  followed.sql("INSERT INTO t VALUES (1, 'a')");
  EXPECT_EQ(followed.new_changes(), Lines{"insert t [1|a]"});
  followed.sql("DROP TABLE t");
  followed.sql("CREATE TABLE t (id int PRIMARY KEY, other text)");
  ASSERT_TRUE(arrives(followed, "gap t"));
  followed.sql("INSERT INTO t VALUES (2, 'b')");
  EXPECT_EQ(about_rows(followed.new_changes()),
            (Lines{"schema t -> nothing", "schema nothing -> t(id,other)", "gap t", "insert t [2|b]"}));
}

TEST(PostgresSource, D11_DefinitionThatWasRolledBackIsNothing) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  followed.sql("BEGIN; ALTER TABLE t ADD extra int; INSERT INTO t VALUES (1, 'a', 2); ROLLBACK");
  followed.sql("BEGIN; SAVEPOINT s; ALTER TABLE t ADD extra int; ROLLBACK TO s; INSERT INTO t VALUES (2, 'b'); COMMIT");
  EXPECT_EQ(about_rows(followed.new_changes()), Lines{"insert t [2|b]"});
}

TEST(PostgresSource, D13_RestartAfterADefinitionTellsItOnce) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  followed.sql("INSERT INTO t VALUES (1, 'a')");
  followed.sql("ALTER TABLE t ADD extra int");
  followed.sql("INSERT INTO t VALUES (2, 'b', 3)");
  const Lines told{"insert t [1|a]", "schema t -> t(id,name,extra)", "insert t [2|b|3]"};
  EXPECT_EQ(about_rows(followed.new_changes()), told);
  // The catalog is remembered a moment after.
  let_time_pass(1s);
  followed.stop();
  followed.start();
  followed.sql("INSERT INTO t VALUES (3, 'c', 4)");
  EXPECT_EQ(about_rows(followed.new_changes()), Lines{"insert t [3|c|4]"});
}

/// The stream does not number columns, and the catalog has other names for them by now.
TEST(PostgresSource, D6_RowsBetweenDefinitionsThatNobodyFollowed) {
  FollowedServer followed;
  followed.sql("CREATE TABLE t (id int PRIMARY KEY, a text, gone text, b int)");
  followed.start();
  followed.sql("INSERT INTO t VALUES (1, 'a', 'gone', 10)");
  EXPECT_EQ(about_rows(followed.new_changes()), Lines{"insert t [1|a|gone|10]"});
  followed.stop();
  followed.sql("ALTER TABLE t DROP gone; INSERT INTO t VALUES (2, 'b', 20)");
  followed.sql("ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME x TO b");
  followed.sql("INSERT INTO t VALUES (3, 'c', 30)");
  followed.start();
  const Lines told{"schema t -> t(id,a,b)", "insert t [2|b|20]", "schema t -> t(id,b,a) a=b b=a", "insert t [3|c|30]"};
  EXPECT_EQ(about_rows(followed.new_changes()), told);
}

TEST(PostgresSource, D13_RowsOlderThanADefinitionThatWasAddedWhileNobodyFollowed) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  followed.sql("INSERT INTO t VALUES (1, 'a')");
  EXPECT_EQ(followed.new_changes(), Lines{"insert t [1|a]"});
  followed.stop();
  followed.sql("INSERT INTO t VALUES (2, 'b')");
  followed.sql("ALTER TABLE t ADD extra int");
  followed.sql("INSERT INTO t VALUES (3, 'c', 4)");
  followed.start();
  EXPECT_EQ(about_rows(followed.new_changes()),
            (Lines{"insert t [2|b]", "schema t -> t(id,name,extra)", "insert t [3|c|4]"}));
}

TEST(PostgresSource, D9_CrashBetweenPublicationAndContentForgetsNeither) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{});
  const auto session = followed.open_session();
  pqxx::work open(*session);
  open.exec("SELECT pg_current_xact_id()");
  followed.sql("CREATE TABLE n (id int PRIMARY KEY); INSERT INTO n VALUES (1)");
  ASSERT_TRUE(arrives(followed, "statement table n"));
  followed.stop();
  open.commit();
  followed.sql("INSERT INTO n VALUES (2)");
  followed.start();
  ASSERT_TRUE(arrives(followed, "gap n"));
  EXPECT_EQ(about_rows(followed.new_changes()), (Lines{"schema nothing -> n(id)", "gap n"}));
}

TEST(PostgresSource, D21_LeafThatWasEmptiedOrDetachedIsTakenAnew) {
  FollowedServer followed;
  followed.sql(
      "CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id);"
      "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (10);"
      "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20); INSERT INTO t VALUES (1), (11)");
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{});
  followed.sql("TRUNCATE t1");
  ASSERT_TRUE(arrives(followed, "gap t"));
  EXPECT_EQ(about_rows(followed.new_changes()), Lines{"gap t"});
  followed.sql("ALTER TABLE t DETACH PARTITION t2");
  EXPECT_TRUE(eventually(20s, [&] { return std::ranges::count(followed.log().changes(), "gap t") == 2; }));
}

TEST(PostgresSource, K16_LostKeyStopsTheApplicationForAMomentOnly) {
  FollowedServer followed;
  followed.sql(std::string(plain_table) + "; INSERT INTO t VALUES (1, 'a')");
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{});
  followed.sql("ALTER TABLE t DROP CONSTRAINT t_pkey");
  EXPECT_TRUE(eventually(30s, [&] {
    try {
      followed.sql("UPDATE t SET name = 'b'");
      return true;
    } catch (const pqxx::sql_error&) {
      return false;
    }
  }));
  followed.sql("ALTER TABLE t ADD PRIMARY KEY (id)");
  ASSERT_TRUE(eventually(20s, [&] {
    return followed.sql("SELECT pubname FROM pg_publication_tables WHERE tablename = 't'") == followed.slot();
  }));
  EXPECT_TRUE(arrives(followed, "gap t"));
  EXPECT_TRUE(eventually(20s, [&] {
    followed.sql("UPDATE t SET name = 'c'");
    const Lines all = followed.log().changes();
    return std::ranges::find(all, "update t [1|c]") != all.end();
  }));
}

TEST(PostgresSource, RowsAreFollowedWhileAMigrationHoldsDefinitions) {
  FollowedServer followed;
  followed.sql(std::string(plain_table) + "; CREATE TABLE held (id int PRIMARY KEY, n int DEFAULT length('four'))");
  followed.start();
  followed.sql("INSERT INTO t VALUES (0, 'a')");
  ASSERT_TRUE(arrives(followed, "insert t [0|a]"));
  const auto session = followed.open_session();
  {
    pqxx::work migration(*session);
    migration.exec("LOCK TABLE held");
    followed.sql("CREATE TABLE n (id int PRIMARY KEY)");
    for (int id = 1; id <= 10; ++id) {
      followed.sql("INSERT INTO t VALUES (" + std::to_string(id) + ", 'a')");
      ASSERT_TRUE(arrives(followed, "insert t [" + std::to_string(id) + "|a]"));
      let_time_pass(100ms);
    }
    const Lines all = followed.log().changes();
    EXPECT_EQ(std::ranges::count(all, "gap n"), 0) << "definitions could be read: nothing was held";
  }
  EXPECT_TRUE(arrives(followed, "gap n"));
}

TEST(PostgresSource, TableOfSomebodyElseIsLeftOutAndFollowedOncePublished) {
  FollowedServer followed;
  followed.sql(
      "DO $$ BEGIN CREATE ROLE follower LOGIN REPLICATION; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
      "GRANT CREATE ON DATABASE " +
      followed.direct.database +
      " TO follower; CREATE TABLE theirs (id int PRIMARY KEY); GRANT SELECT ON theirs TO "
      "follower; CREATE SCHEMA ours AUTHORIZATION follower; CREATE TABLE ours.t (id int PRIMARY KEY);"
      "ALTER TABLE ours.t OWNER TO follower");
  followed.settings.connection.user = "follower";
  followed.start();
  followed.sql("INSERT INTO ours.t VALUES (1); INSERT INTO theirs VALUES (1)");
  EXPECT_EQ(about_rows(followed.new_changes()), Lines{"insert ours.t [1]"});
  // Its owner publishes it while we are away: what came before is not in the stream.
  followed.stop();
  followed.sql("ALTER PUBLICATION " + followed.slot() + " ADD TABLE ONLY theirs; INSERT INTO theirs VALUES (2)");
  followed.start();
  ASSERT_TRUE(arrives(followed, "gap theirs"));
  followed.sql("INSERT INTO theirs VALUES (3)");
  EXPECT_EQ(about_rows(followed.new_changes()), (Lines{"gap theirs", "insert theirs [3]"}));
}

}  // namespace
}  // namespace pgmirror::tests
