#include <fmt/format.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>

#include "tests/scenario/postgres_source/followed_server.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/process_memory.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

constexpr const char* plain_table = "CREATE TABLE t (id int PRIMARY KEY, name text)";

Lines inserts(int first, int last) {
  Lines lines;
  for (int id = first; id <= last; ++id) lines.push_back(fmt::format("insert t [{0}|n{0}]", id));
  return lines;
}

/// Each row in a transaction of its own.
std::string single_rows(int first, int last) {
  return fmt::format("DO $$ BEGIN FOR i IN {}..{} LOOP INSERT INTO t VALUES (i, 'n' || i); COMMIT; END LOOP; END $$",
                     first, last);
}

std::string many_rows(int first, int last) {
  return fmt::format("INSERT INTO t SELECT i, 'n' || i FROM generate_series({}, {}) i", first, last);
}

TEST(PostgresSource, X2_RolledBackTransactionsAreNothing) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  followed.sql("BEGIN; INSERT INTO t VALUES (1, 'a'); ROLLBACK");
  followed.sql("BEGIN; " + many_rows(1, 200000) + "; ROLLBACK");
  followed.sql("INSERT INTO t VALUES (2, 'b')");
  EXPECT_EQ(followed.new_changes(), (Lines{"insert t [2|b]"}));
}

TEST(PostgresSource, X3_OfSavepointsOnlyWhatWasCommittedArrives) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  followed.sql(
      "DO $$ BEGIN FOR i IN 1..10000 LOOP BEGIN INSERT INTO t VALUES (i, 'n' || i);"
      " IF i > 100 THEN RAISE EXCEPTION 'no'; END IF; EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$");
  followed.sql(
      "BEGIN; INSERT INTO t VALUES (101, 'n101'); SAVEPOINT a; INSERT INTO t VALUES (0, 'no'); ROLLBACK TO a;"
      "SAVEPOINT b; INSERT INTO t VALUES (102, 'n102'); RELEASE b; COMMIT");
  EXPECT_EQ(followed.new_changes(), inserts(1, 102));
}

TEST(PostgresSource, X6_CommitsArriveInCommitOrder) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  const auto first = followed.open_session();
  const auto second = followed.open_session();
  pqxx::work early(*first);
  early.exec("INSERT INTO t VALUES (1, 'early')");
  pqxx::work late(*second);
  late.exec("INSERT INTO t VALUES (2, 'late')");
  early.exec("INSERT INTO t VALUES (3, 'early')");
  late.commit();
  early.commit();
  EXPECT_EQ(followed.new_changes(), (Lines{"insert t [2|late]", "insert t [1|early]", "insert t [3|early]"}));
  EXPECT_EQ(followed.log().durable_with_changes().size(), 2U);
}

TEST(PostgresSource, X7_PreparedTransactionsCountWhenTheyAreCommitted) {
  ThrowawayPostgres server({.settings = {{"max_prepared_transactions", "5"}}});
  FollowedServer followed(server);
  followed.sql(plain_table);
  followed.start();
  followed.sql("BEGIN; INSERT INTO t VALUES (1, 'a'); PREPARE TRANSACTION 'one'");
  followed.sql("BEGIN; INSERT INTO t VALUES (2, 'b'); PREPARE TRANSACTION 'two'");
  EXPECT_EQ(followed.new_changes(), Lines{});
  server.restart_immediately();
  followed.sql("ROLLBACK PREPARED 'two'");
  followed.sql("COMMIT PREPARED 'one'");
  EXPECT_EQ(followed.new_changes(), (Lines{"insert t [1|a]"}));
}

TEST(PostgresSource, X8_EmptyTransactionsDoNotCarryTheSlotPastOneInFlight) {
  FollowedServer followed;
  followed.rules = config::TableRules({}, {"quiet"}, {});
  followed.pace.idle_advance = 20ms;
  followed.sql(std::string(plain_table) + "; CREATE TABLE quiet (id int)");
  followed.start();
  const auto session = followed.open_session();
  pqxx::work open(*session);
  open.exec("INSERT INTO t VALUES (1, 'in flight')");
  followed.sql("DO $$ BEGIN FOR i IN 1..10000 LOOP INSERT INTO quiet VALUES (i); COMMIT; END LOOP; END $$");
  EXPECT_EQ(followed.new_changes(), Lines{});
  EXPECT_TRUE(eventually(30s, [&] { return followed.confirmed() == followed.log().end(); }));
  // Whatever was acknowledged, the row must come again after the loss of everything in memory.
  followed.stop();
  open.commit();
  followed.start();
  EXPECT_EQ(followed.new_changes(), (Lines{"insert t [1|in flight]"}));
}

TEST(PostgresSource, X9_ManySmallTransactionsStayApartAndInOrder) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  const auto application = followed.open_session();
  pqxx::nontransaction unbound(*application);
  unbound.exec("SET synchronous_commit = off");
  unbound.exec(single_rows(1, 30000));
  EXPECT_EQ(followed.new_changes(), inserts(1, 30000));
  EXPECT_EQ(followed.log().durable_with_changes().size(), 30000U);
}

TEST(PostgresSource, X10_TransactionThatWasCutInTheMiddleComesAgainWhole) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{});
  followed.sql(many_rows(1, 300000));
  ASSERT_TRUE(eventually(60s, [&] { return followed.log().rows_begun() > 1000; }));
  followed.stop();
  const std::size_t before = followed.log().changes().size();
  followed.start();
  ASSERT_TRUE(followed.caught_up(60s));
  EXPECT_EQ(before, 0U) << "the transaction was not cut";
  EXPECT_EQ(followed.new_changes(), inserts(1, 300000));
  EXPECT_EQ(followed.log().durable_with_changes().size(), 1U);
}

TEST(PostgresSource, X10_ConnectionLostInTheMiddleOfATransaction) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{});
  followed.sql(many_rows(1, 300000));
  for (int cut = 1; cut <= 3; ++cut) {
    // What is far behind comes so fast in one piece that it may be there before the last cut.
    const auto rows = followed.log().rows_begun();
    const auto whole = [&] { return followed.log().durable_with_changes().size() == 1; };
    ASSERT_TRUE(eventually(60s, [&] { return followed.log().rows_begun() > rows + 1000 || (cut > 1 && whole()); }));
    followed.administer("SELECT pg_terminate_backend(pid) FROM pg_stat_replication");
  }
  ASSERT_TRUE(followed.caught_up(60s));
  EXPECT_EQ(followed.new_changes(), inserts(1, 300000));
  EXPECT_EQ(followed.log().durable_with_changes().size(), 1U);
}

TEST(PostgresSource, X11_RowsOfOneLogRecordAreOneWhole) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  const auto session = followed.open_session();
  pqxx::work copy(*session);
  pqxx::stream_to rows(copy, "t");
  for (int id = 1; id <= 5; ++id) rows << std::make_tuple(id, fmt::format("n{}", id));
  rows.complete();
  copy.commit();
  EXPECT_EQ(followed.new_changes(), inserts(1, 5));
  EXPECT_EQ(followed.log().durable_with_changes().size(), 1U);
  followed.stop();
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{});
}

TEST(PostgresSource, X11_NothingComesTwiceOverManyRestarts) {
  FollowedServer followed;
  followed.sql(plain_table);
  Lines expected;
  for (int round = 0; round < 6; ++round) {
    followed.start();
    followed.sql(single_rows(round * 200 + 1, round * 200 + 200));
    // Stops wherever it happens to be.
    ASSERT_TRUE(eventually(30s, [&] { return followed.log().rows_begun() > static_cast<std::size_t>(round) * 200; }));
    followed.stop();
  }
  followed.start();
  EXPECT_EQ(followed.new_changes(), inserts(1, 1200));
}

TEST(PostgresSource, X13_TruncationsKeepTheirPlaceAmongRows) {
  FollowedServer followed;
  followed.rules = config::TableRules({}, {"hidden"}, {});
  followed.sql(
      std::string(plain_table) +
      "; CREATE TABLE child (id int PRIMARY KEY, t int REFERENCES t); CREATE TABLE hidden (id int PRIMARY KEY)");
  followed.start();
  followed.sql("INSERT INTO t VALUES (1, 'a'); TRUNCATE t CASCADE; INSERT INTO t VALUES (2, 'b')");
  followed.sql("TRUNCATE child, hidden RESTART IDENTITY");
  followed.sql("TRUNCATE hidden");
  const Lines changes = followed.new_changes();
  ASSERT_EQ(changes.size(), 4U);
  EXPECT_EQ(changes[0], "insert t [1|a]");
  EXPECT_TRUE(changes[1] == "truncate t,child" || changes[1] == "truncate child,t") << changes[1];
  EXPECT_EQ(changes[2], "insert t [2|b]");
  EXPECT_EQ(changes[3], "truncate child");
}

TEST(PostgresSource, X14_CascadesComeAsRowsOfTheirOwn) {
  FollowedServer followed;
  followed.sql(std::string(plain_table) +
               "; CREATE TABLE child (id int PRIMARY KEY, t int REFERENCES t ON DELETE CASCADE);"
               "INSERT INTO t VALUES (1, 'a'); INSERT INTO child VALUES (7, 1), (8, 1)");
  followed.start();
  followed.sql("DELETE FROM t");
  EXPECT_EQ(followed.new_changes(), (Lines{"delete t [1|~]", "delete child [7|~]", "delete child [8|~]"}));
}

TEST(PostgresSource, X15_MessagesAreNoChangesAndForeignOriginsAre) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  followed.sql("SELECT pg_logical_emit_message(true, 'app', 'x'), pg_logical_emit_message(false, 'app', 'y')");
  followed.sql("SELECT pg_replication_origin_create('elsewhere')");
  followed.sql("SELECT pg_replication_origin_session_setup('elsewhere'); INSERT INTO t VALUES (1, 'a')");
  EXPECT_EQ(followed.new_changes(), (Lines{"insert t [1|a]"}));
  followed.sql("SELECT pg_replication_origin_drop('elsewhere')");
}

TEST(PostgresSource, TransactionLargerThanMemoryPassesInPieces) {
  FollowedServer followed;
  followed.log().keep_rows = false;
  followed.sql("CREATE TABLE t (id int, filler text)");
  followed.start();
  // Half a gigabyte of stream.
  followed.sql("INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 500000) i");
  ASSERT_TRUE(followed.caught_up(120s));
  EXPECT_EQ(followed.log().rows_begun(), 500000U);
  EXPECT_LT(peak_memory(), 300);
}

}  // namespace
}  // namespace pgmirror::tests
