#include <algorithm>
#include <map>

#include "tests/scenario/postgres_mirror/mirrored_database.hpp"

namespace pgmirror::tests {
namespace {

/// A mirror that somebody else has written to, and the command that heals it.
class Resync : public testing::Test {
 protected:
  void follow(const std::string& sql) {
    pair_.run(sql);
    pair_.program().start();
    const auto copied = pair_.becomes_same();
    if (!copied) throw std::runtime_error(copied.message());
  }
  void at_mirror(const std::string& sql) {
    pqxx::connection connection(connection_string(pair_.mirror()));
    pqxx::nontransaction(connection).exec(sql);
  }
  /// Where each row of the mirror lies: one that is sent again lies elsewhere.
  std::map<std::string, std::string> places(const std::string& table) {
    pqxx::connection connection(connection_string(pair_.mirror()));
    pqxx::nontransaction session(connection);
    std::map<std::string, std::string> found;
    for (const auto& row : session.exec("SELECT id, concat(tableoid, ctid, xmin) FROM " + table)) {
      found[row[0].c_str()] = row[1].c_str();
    }
    return found;
  }
  std::size_t rows_moved(const std::map<std::string, std::string>& before, const std::string& table) {
    const auto now = places(table);
    return static_cast<std::size_t>(std::ranges::count_if(
        now, [&](const auto& row) { return !before.contains(row.first) || before.at(row.first) != row.second; }));
  }
  void resync(const std::string& table) {
    const FinishedProgram ordered = pair_.program().command({"resync", "public." + table});
    ASSERT_EQ(ordered.end.exit_code, 0) << ordered.output;
    ASSERT_TRUE(pair_.logs(table + ": compared "));
    EXPECT_TRUE(pair_.becomes_same());
  }

  DatabaseAndMirror pair_;
};

TEST_F(Resync, MovesOnlyRowsThatDiffer) {
  follow(
      "CREATE TABLE t(id int PRIMARY KEY, v text, n numeric, f float8, b boolean, c char(5), j jsonb, at timestamptz,"
      " raw bytea, list text[]);"
      "INSERT INTO t SELECT g, 'it''s \"' || g, g / 7.0, g / 3.0::float8, g % 2 = 0, 'c', jsonb_build_object('a', g),"
      " '2026-01-01'::timestamptz + g * interval '1 s', decode(md5(g::text), 'hex'), ARRAY['x', NULL, g::text]"
      " FROM generate_series(1, 5000) g");
  at_mirror(
      "SET session_replication_role = replica; UPDATE t SET v = 'other' WHERE id IN (10, 20);"
      "UPDATE t SET n = NULL WHERE id = 30; DELETE FROM t WHERE id IN (40, 50); INSERT INTO t(id) VALUES (6000)");
  const auto before = places("t");
  resync("t");
  EXPECT_EQ(rows_moved(before, "t"), 5U);
  EXPECT_TRUE(pair_.logs("t: compared 5000 rows with 4999 in the mirror, moved 6"));
  pair_.run("UPDATE t SET v = 'followed' WHERE id = 40");
  EXPECT_TRUE(pair_.becomes_same());
}

TEST_F(Resync, LeavesAnEqualTableAsItIs) {
  follow(
      "CREATE TABLE t(a text, b uuid, id int, PRIMARY KEY (a, b)); INSERT INTO t SELECT 'Ä' || g, gen_random_uuid(), g"
      " FROM generate_series(1, 1000) g");
  const auto before = places("t");
  resync("t");
  EXPECT_TRUE(pair_.logs("t: compared 1000 rows with 1000 in the mirror, moved 0"));
  EXPECT_EQ(places("t"), before);
}

TEST_F(Resync, CountsRowsWithoutAKey) {
  follow(
      "CREATE TABLE t(id int, v text); ALTER TABLE t REPLICA IDENTITY FULL;"
      "INSERT INTO t SELECT g % 100, 'same' FROM generate_series(1, 1000) g");
  at_mirror(
      "DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t WHERE id = 7); INSERT INTO t VALUES (8, 'same'), (8, "
      "'new')");
  resync("t");
}

/// Rows that lie where they did before the copy was interrupted have not been sent again.
TEST_F(Resync, InterruptedFirstCopyKeepsTheParts) {
  // One row a page: a table of several parts. The mirror refuses one row as long as it is asked to.
  at_mirror(
      "CREATE TABLE refused(id int); INSERT INTO refused VALUES (1);"
      "CREATE TABLE t(id int, v text);"
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$ BEGIN"
      " IF NEW.id IN (SELECT id FROM refused) THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$;"
      "CREATE TRIGGER refuse BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuse();"
      "ALTER TABLE t ENABLE ALWAYS TRIGGER refuse");
  pair_.run(
      "CREATE TABLE t(id int PRIMARY KEY, v char(700)) WITH (fillfactor = 10);"
      "INSERT INTO t SELECT g, g FROM generate_series(1, 33000) g; ANALYZE t");
  pair_.program().start();
  ASSERT_TRUE(eventually(60s, [&] { return places("t").size() > 20'000; })) << pair_.program().log();
  pair_.program().kill();
  const auto before = places("t");
  pair_.run("UPDATE t SET v = 'meanwhile' WHERE id = 33000");
  at_mirror("DELETE FROM refused; UPDATE t SET v = 'not ours' WHERE id = 32999");
  pair_.program().start();
  EXPECT_TRUE(pair_.logs("goes on"));
  EXPECT_TRUE(eventually(60s, [&] { return places("t").size() == 33'000; })) << pair_.program().log();
  const auto now = places("t");
  const auto kept = std::ranges::count_if(before, [&](const auto& row) { return now.at(row.first) == row.second; });
  EXPECT_GE(kept, 8000) << "of " << before.size();
  EXPECT_EQ(pair_.program().command({"verify"}).end.exit_code, 0);
}

/// The planner's figures are there before the first changes are, of indexes over expressions as well.
TEST_F(Resync, FirstCopyLeavesStatistics) {
  follow(
      "CREATE TABLE t(id int PRIMARY KEY, v text); CREATE INDEX of_lengths ON t (length(v));"
      "INSERT INTO t SELECT g, repeat('x', g % 10) FROM generate_series(1, 1000) g");
  const auto known = [&] {
    pqxx::connection connection(connection_string(pair_.mirror()));
    const pqxx::row columns = pqxx::nontransaction(connection)
                                  .exec1(
                                      "SELECT string_agg(tablename || '.' || attname, ' ' ORDER BY tablename, attname)"
                                      " FROM pg_stats WHERE schemaname = 'public'");
    return columns[0].as<std::string>("");
  };
  EXPECT_TRUE(eventually(60s, [&] { return known() == "of_lengths.length t.id t.v"; })) << known();
}

TEST_F(Resync, HealsATableThatHasNothingInCommon) {
  follow("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, g FROM generate_series(1, 1000) g");
  at_mirror("DELETE FROM t; INSERT INTO t SELECT g, 'x' FROM generate_series(5000, 5100) g");
  resync("t");
}

TEST_F(Resync, HealsATableWhoseRowsTheMirrorPartitions) {
  at_mirror(
      "CREATE TABLE t(id int PRIMARY KEY, v text) PARTITION BY HASH (id);"
      "CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
      "CREATE TABLE t1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)");
  pair_.run("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, g FROM generate_series(1, 1000) g");
  pair_.program().start();
  ASSERT_TRUE(eventually(60s, [&] { return places("t").size() == 1000; })) << pair_.program().log();
  at_mirror("UPDATE t SET v = 'other' WHERE id = 3");
  const auto before = places("t");
  const FinishedProgram ordered = pair_.program().command({"resync", "public.t"});
  ASSERT_EQ(ordered.end.exit_code, 0) << ordered.output;
  EXPECT_TRUE(pair_.logs("moved 1"));
  EXPECT_EQ(rows_moved(before, "t"), 1U);
  EXPECT_EQ(pair_.program().command({"verify"}).end.exit_code, 0);
}

/// Their hashes would take more memory than the copy takes time.
TEST_F(Resync, CopiesATableWholeThatDiffersInMoreThanAMillionRows) {
  pair_.run("CREATE TABLE t(id int PRIMARY KEY, n int); INSERT INTO t SELECT g, g FROM generate_series(1, 1010000) g");
  const auto sums = [](const config::ConnectionSettings& database) {
    pqxx::connection connection(connection_string(database));
    return pqxx::nontransaction(connection)
        .exec1("SELECT concat(count(*), ' ', sum(n), ' ', sum(id::bigint * n)) FROM t")[0]
        .as<std::string>();
  };
  const std::string wanted = sums(pair_.source());
  pair_.program().start();
  ASSERT_TRUE(pair_.logs("public.t: 1010000 rows")) << pair_.program().log();
  at_mirror("UPDATE t SET n = -n");
  const FinishedProgram ordered = pair_.program().command({"resync", "public.t"});
  ASSERT_EQ(ordered.end.exit_code, 0) << ordered.output;
  EXPECT_TRUE(eventually(120s, [&] { return sums(pair_.mirror()) == wanted; })) << pair_.program().log();
  EXPECT_EQ(pair_.program().log().find("t: compared "), std::string::npos) << pair_.program().log();
  pair_.run("UPDATE t SET n = 7 WHERE id = 1");
  EXPECT_TRUE(eventually(30s, [&] { return sums(pair_.mirror()) == sums(pair_.source()); }));
}

TEST_F(Resync, VerifyRepairsWhatTheServersTellApart) {
  follow("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, g FROM generate_series(1, 3000) g");
  EXPECT_EQ(pair_.program().command({"verify"}).end.exit_code, 0);
  at_mirror("UPDATE t SET v = v || ' ' WHERE id = 77; DELETE FROM t WHERE id = 78");
  EXPECT_EQ(pair_.program().command({"verify"}).end.exit_code, 2);
  const FinishedProgram mended = pair_.program().command({"verify", "--repair"});
  EXPECT_EQ(mended.end.exit_code, 0) << mended.output;
  EXPECT_NE(mended.output.find("1 rows missing, 0 too many, 1 different"), std::string::npos) << mended.output;
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_EQ(pair_.program().command({"verify"}).end.exit_code, 0);
}

}  // namespace
}  // namespace pgmirror::tests
