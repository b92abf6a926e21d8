#include <thread>

#include "tests/scenario/postgres_mirror/capture_method.hpp"
#include "tests/scenario/postgres_mirror/hostile_mirror.hpp"

namespace pgmirror::tests {
namespace {

constexpr const char* measures =
    "CREATE TABLE m(id int, day int, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);"
    "CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10); CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (10) TO"
    " (20) PARTITION BY LIST (id); CREATE TABLE m2a PARTITION OF m2 FOR VALUES IN (1, 2);"
    "CREATE TABLE m2b PARTITION OF m2 DEFAULT; CREATE INDEX m_v ON m (v);"
    "INSERT INTO m SELECT g, g % 20, 'v' || g FROM generate_series(1, 400) g;"
    "CREATE TABLE other(id int PRIMARY KEY, v text) PARTITION BY HASH (id);"
    "CREATE TABLE o0 PARTITION OF other FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
    "CREATE TABLE o1 PARTITION OF other FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
    "INSERT INTO other SELECT g, 'o' || g FROM generate_series(1, 100) g";

class PartitionedMirror : public HostileMirror {
 protected:
  PartitionedMirror() : HostileMirror(source_server(), shared_postgres()) { choose_method(pair_.program()); }

  std::string tree(const config::ConnectionSettings& database, const std::string& root) {
    return ask(database,
               "SELECT string_agg(format('%s of %s %s', relid, parentrelid, pg_get_expr(relpartbound, oid)), '; ' ORDER"
               " BY relid::text) FROM pg_partition_tree('" +
                   root + "') JOIN pg_class ON oid = relid");
  }
  testing::AssertionResult same_trees(const std::string& root) {
    const auto same = eventually(30s, [&] { return tree(pair_.source(), root) == tree(pair_.mirror(), root); });
    if (same) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "source: " << tree(pair_.source(), root)
                                       << "\nmirror: " << tree(pair_.mirror(), root) << "\n"
                                       << pair_.program().log();
  }
  /// Each partition by itself: a root is read as one.
  bool same_rows(const std::string& table) {
    const std::string sql = "SELECT coalesce(string_agg(t::text, '; ' ORDER BY t::text), '') FROM " + table + " t";
    return eventually(30s, [&] { return ask_source(sql) == ask_mirror(sql); });
  }
};

TEST_F(PartitionedMirror, D21_HasThePartitionsOfTablesThatTheRulesName) {
  pair_.program().set("MIRROR_PARTITIONED_TABLES", "m");
  mirror_first(measures);
  EXPECT_TRUE(same_trees("m"));
  for (const std::string table : {"m1", "m2a", "m2b"}) EXPECT_TRUE(same_rows(table)) << table;
  EXPECT_EQ(ask_mirror("SELECT relkind FROM pg_class WHERE relname = 'other'"), "r");
  EXPECT_TRUE(eventually(
      30s, [&] { return ask_mirror("SELECT count(*) FROM pg_class WHERE relname = 'm_v' AND relkind = 'I'") == "1"; }));
  tell_source(
      "UPDATE m SET day = 25 - day WHERE day BETWEEN 6 AND 9; DELETE FROM m WHERE id < 20; UPDATE m SET id = id"
      " + 1000 WHERE day = 3; TRUNCATE m2a");
  EXPECT_TRUE(pair_.becomes_same());
  for (const std::string table : {"m1", "m2a", "m2b"}) EXPECT_TRUE(same_rows(table)) << table;
  EXPECT_EQ(pair_.program().command({"verify"}).end, ProgramEnd{});
}

TEST_F(PartitionedMirror, D21_FollowsPartitionsThatComeGoAndAreRenamed) {
  pair_.program().set("MIRROR_PARTITIONED_TABLES", "m");
  mirror_first(measures);
  tell_source(
      "CREATE TABLE m3 PARTITION OF m FOR VALUES FROM (20) TO (30); INSERT INTO m SELECT g, 20 + g % 10, 'new' FROM"
      " generate_series(1, 50) g");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_TRUE(same_trees("m"));
  tell_source(
      "INSERT INTO m VALUES (7000, 5, 'last'); ALTER TABLE m DETACH PARTITION m1; INSERT INTO m1 VALUES (7001, 5)");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_TRUE(same_trees("m"));
  tell_source("UPDATE m1 SET v = 'alone' WHERE id < 100; DELETE FROM m1 WHERE id = 7000");
  EXPECT_TRUE(pair_.becomes_same());
  tell_source(
      "ALTER TABLE m ATTACH PARTITION m1 FOR VALUES FROM (-5) TO (10); INSERT INTO m VALUES (7002, -3, 'again')");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_TRUE(same_trees("m"));
  tell_source("ALTER TABLE m3 RENAME TO third; INSERT INTO m VALUES (7003, 21, 'third')");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_TRUE(same_trees("m"));
  tell_source("DROP TABLE third; INSERT INTO m VALUES (7004, 2, 'x')");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_TRUE(same_trees("m"));
  EXPECT_EQ(ask_mirror("SELECT to_regclass('third')"), "");
  EXPECT_EQ(ask_mirror("SELECT string_agg(table_name || ' ' || state, ', ') FROM pgmirror.tables WHERE state ="
                       " 'stopped'"),
            "");
}

TEST_F(PartitionedMirror, D21_FollowsWhatHappenedToPartitionsWhileNoAgentRan) {
  pair_.program().set("MIRROR_PARTITIONED_TABLES", "m,other");
  mirror_first(measures);
  EXPECT_TRUE(same_trees("other"));
  pair_.program().stop();
  tell_source(
      "INSERT INTO m VALUES (8000, 4, 'before'); CREATE TABLE m3 PARTITION OF m FOR VALUES FROM (20) TO (30);"
      "INSERT INTO m SELECT g, 20 + g % 10, 'after' FROM generate_series(1, 60) g; DROP TABLE m2a;"
      "INSERT INTO m VALUES (1, 11, 'in the default'); ALTER TABLE m1 RENAME TO first");
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_TRUE(same_trees("m"));
  tell_source("INSERT INTO m SELECT g, g % 30, 'more' FROM generate_series(9000, 9100) g");
  EXPECT_TRUE(pair_.becomes_same());
}

TEST_F(PartitionedMirror, D21_FollowsAPartitionThatWasDetachedWhileNoAgentRan) {
  pair_.program().set("MIRROR_PARTITIONED_TABLES", "m,other");
  mirror_first(measures);
  pair_.program().stop();
  tell_source(
      "ALTER TABLE m DETACH PARTITION m1; INSERT INTO m1 VALUES (8000, 4, 'alone'); INSERT INTO m VALUES (8001, 15, "
      "'in m')");
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_TRUE(same_trees("m"));
  tell_source("INSERT INTO m1 VALUES (8002, 5, 'more'); INSERT INTO other SELECT 9000, 'goes on'");
  EXPECT_TRUE(pair_.becomes_same());
}

/// The log tells the commit, which nobody sees until the standby has answered.
TEST_F(PartitionedMirror, D21_EndsWhileACommitWaitsForASynchronousStandby) {
  pair_.program().set("MIRROR_PARTITIONED_TABLES", "m");
  // The same cluster, whose commits as a mirror are to wait for nobody.
  tell_mirror(
      "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = local', current_database()); END $$");
  mirror_first(measures);
  const auto reload = [&](const std::string& sql) {
    tell_source(sql);
    tell_source("SELECT pg_reload_conf()");
  };
  reload("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  ASSERT_TRUE(eventually(30s, [&] { return ask_source("SHOW synchronous_standby_names") == "nobody"; }));
  std::thread application([&] { tell_source("INSERT INTO m VALUES (7000, 5, 'waits')"); });
  const bool waits = eventually(
      10s, [&] { return ask_source("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != "0"; });
  const ProgramEnd end = pair_.program().stop();
  reload("ALTER SYSTEM RESET synchronous_standby_names");
  application.join();
  EXPECT_TRUE(waits);
  EXPECT_EQ(end, ProgramEnd{}) << pair_.program().log();
  EXPECT_EQ(times_logged("Ended before everything in flight"), 0) << pair_.program().log();
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same());
}

/// Nothing is taken away by another rule alone.
TEST_F(PartitionedMirror, D21_StaysAsItIsWhenTheRuleChanges) {
  pair_.program().set("MIRROR_PARTITIONED_TABLES", "m");
  mirror_first(measures);
  pair_.program().stop();
  pair_.program().set("MIRROR_PARTITIONED_TABLES", "other");
  pair_.program().start();
  tell_source(
      "INSERT INTO m SELECT g, g % 20, 'more' FROM generate_series(9000, 9100) g; DELETE FROM other WHERE id < 9;"
      "INSERT INTO other SELECT g, 'more' FROM generate_series(200, 300) g");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_EQ(tree(pair_.source(), "m"), tree(pair_.mirror(), "m"));
  EXPECT_EQ(ask_mirror("SELECT relkind FROM pg_class WHERE relname = 'other'"), "r");
}

}  // namespace
}  // namespace pgmirror::tests
