#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <pqxx/pqxx>

#include "tests/scenario/postgres_source/followed_server.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Lines = std::vector<std::string>;

constexpr const char* plain_table = "CREATE TABLE t (id int PRIMARY KEY)";

std::string single_rows(int first, int last) {
  return fmt::format("DO $$ BEGIN FOR i IN {}..{} LOOP INSERT INTO t VALUES (i); COMMIT; END LOOP; END $$", first,
                     last);
}

Lines inserts(int first, int last) {
  Lines lines;
  for (int id = first; id <= last; ++id) lines.push_back(fmt::format("insert t [{}]", id));
  return lines;
}

void expect_all_through_crashes(ThrowawayPostgres& server, FollowedServer& followed, int rows_between) {
  followed.sql(plain_table);
  followed.start();
  for (int round = 0; round < 4; ++round) {
    followed.sql(single_rows(round * rows_between + 1, (round + 1) * rows_between));
    server.restart_immediately();
  }
  EXPECT_EQ(followed.new_changes(), inserts(1, 4 * rows_between));
}

TEST(PostgresSource, S1_ServerCrashesAgainAndAgain) {
  ThrowawayPostgres server;
  FollowedServer followed(server);
  expect_all_through_crashes(server, followed, 300);
}

TEST(PostgresSource, S1_ServerBehindAUnixSocketCrashesAgainAndAgain) {
  ThrowawayPostgres server;
  FollowedServer followed(server);
  followed.settings.connection.host = server.socket_directory().string();
  expect_all_through_crashes(server, followed, 3000);
}

TEST(PostgresSource, S2_ShutdownOfAnIdleServerIsNotHeldUp) {
  ThrowawayPostgres server;
  FollowedServer followed(server);
  followed.pace.idle_advance = 1h;
  followed.sql(plain_table);
  followed.start();
  followed.sql("INSERT INTO t VALUES (1)");
  ASSERT_TRUE(eventually(30s, [&] { return !followed.log().changes().empty(); }));
  followed.administer("CREATE DATABASE noise");
  const auto begin = Clock::now();
  server.stop();
  EXPECT_LT(Clock::now() - begin, 20s);
  server.start();
  followed.sql("INSERT INTO t VALUES (2)");
  EXPECT_TRUE(eventually(30s, [&] { return followed.log().changes() == inserts(1, 2); }));
}

TEST(PostgresSource, S2_ShutdownWhileTheStreamIsBehindIsNotHeldUp) {
  ThrowawayPostgres server;
  FollowedServer followed(server);
  followed.sql(plain_table);
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{});
  followed.sql("INSERT INTO t SELECT generate_series(1, 300000)");
  const auto begin = Clock::now();
  server.stop();
  EXPECT_LT(Clock::now() - begin, 20s);
  server.start();
  ASSERT_TRUE(followed.caught_up(60s));
  EXPECT_EQ(followed.new_changes(), inserts(1, 300000));
}

TEST(PostgresSource, S3_QuietConnectionLivesOn) {
  ThrowawayPostgres server({.settings = {{"wal_sender_timeout", "3s"}}});
  FollowedServer followed(server);
  followed.pace.idle_advance = 1h;
  followed.sql(plain_table);
  followed.start();
  followed.sql("INSERT INTO t VALUES (1)");
  ASSERT_TRUE(eventually(30s, [&] { return !followed.log().changes().empty(); }));
  const std::string process = followed.streaming_process();
  let_time_pass(7s);
  EXPECT_EQ(followed.streaming_process(), process);
}

TEST(PostgresSource, S3_FullQueueDoesNotCostTheConnection) {
  ThrowawayPostgres server({.settings = {{"wal_sender_timeout", "3s"}}});
  FollowedServer followed(server);
  followed.sql("CREATE TABLE t (id int PRIMARY KEY, filler text)");
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{});
  followed.log().keep_rows = false;
  followed.log().close_gate();
  const std::string process = followed.streaming_process();
  // More than is received ahead and than the network holds.
  followed.sql("INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 50000) i");
  let_time_pass(7s);
  EXPECT_EQ(followed.log().rows_begun(), 0U);
  EXPECT_EQ(followed.streaming_process(), process);
  EXPECT_LE(followed.confirmed(), followed.log().end());
  followed.log().open_gate();
  EXPECT_TRUE(followed.caught_up());
  EXPECT_EQ(followed.log().rows_begun(), 50000U);
  EXPECT_EQ(followed.streaming_process(), process);
}

TEST(PostgresSource, S2_ShutdownIsNotHeldUpByAFullQueue) {
  ThrowawayPostgres server;
  FollowedServer followed(server);
  followed.pace.patience_with_queue = 1s;
  followed.sql("CREATE TABLE t (id int PRIMARY KEY, filler text)");
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{});
  followed.log().keep_rows = false;
  followed.log().close_gate();
  followed.sql("INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 50000) i");
  let_time_pass(200ms);
  const auto begin = Clock::now();
  server.stop();
  EXPECT_LT(Clock::now() - begin, 20s);
  EXPECT_LE(followed.log().rows_begun(), 0U);
  server.start();
  followed.log().keep_rows = true;
  followed.log().open_gate();
  ASSERT_TRUE(followed.caught_up(60s));
  EXPECT_EQ(followed.log().durable_with_changes().size(), 1U);
  EXPECT_EQ(followed.log().changes().size(), 50000U);
}

/// A Unix socket tells at once that the other end has gone.
TEST(PostgresSource, S3_ConnectionThatIsLostBehindAFullQueueCostsNothing) {
  ThrowawayPostgres server;
  FollowedServer followed(server);
  followed.settings.connection.host = server.socket_directory().string();
  followed.sql("CREATE TABLE t (id int PRIMARY KEY, filler text)");
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{});
  followed.log().keep_rows = false;
  followed.log().close_gate();
  followed.sql("INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 50000) i");
  let_time_pass(2s);
  server.stop_immediately();
  let_time_pass(200ms);
  const std::clock_t before = std::clock();
  let_time_pass(1s);
  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 2);
  server.start();
  followed.log().keep_rows = true;
  followed.log().open_gate();
  ASSERT_TRUE(followed.caught_up(60s));
  EXPECT_EQ(followed.log().changes().size(), 50000U);
}

TEST(PostgresSource, S4_SlotMovesOnWhileOnlyOthersWrite) {
  FollowedServer followed;
  followed.rules = config::TableRules({}, {"quiet"}, {});
  followed.sql(std::string(plain_table) + "; CREATE TABLE quiet (id int)");
  followed.start();
  FollowedServer other;
  other.sql("CREATE TABLE noise AS SELECT generate_series(1, 10000)");
  const change::Position after_other = followed.server_position();
  EXPECT_TRUE(eventually(20s, [&] { return followed.confirmed() >= after_other; }));
  followed.sql("INSERT INTO quiet SELECT generate_series(1, 10000)");
  const change::Position after_quiet = followed.server_position();
  EXPECT_TRUE(eventually(20s, [&] { return followed.confirmed() >= after_quiet; }));
  EXPECT_EQ(followed.log().changes(), Lines{});
  EXPECT_LE(followed.confirmed(), followed.log().end());
}

TEST(PostgresSource, S5_NothingIsAcknowledgedBeforeItIsDurable) {
  FollowedServer followed;
  followed.pace.idle_advance = 5ms;
  followed.sql(plain_table);
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{});
  const auto application = followed.open_session();
  for (int round = 0; round < 40; ++round) {
    const bool blocked = round % 4 == 3;
    if (blocked) followed.log().close_gate();
    pqxx::nontransaction(*application).exec(single_rows(round * 20 + 1, round * 20 + 20));
    followed.administer("SELECT pg_logical_emit_message(true, 'noise', '')");
    if (blocked) let_time_pass(150ms);
    // In this order: the log's end only moves on between the two questions.
    const change::Position confirmed = followed.confirmed();
    EXPECT_LE(confirmed, followed.log().end());
    followed.log().open_gate();
  }
  EXPECT_EQ(followed.new_changes(), inserts(1, 800));
}

TEST(PostgresSource, S8_BusySlotIsWaitedFor) {
  FollowedServer first;
  first.pace.idle_advance = 1h;
  first.sql(plain_table);
  first.start();
  ASSERT_NE(first.streaming_process(), "");
  FollowedServer second;
  second.settings = first.settings;
  second.start();
  first.sql("BEGIN; INSERT INTO t VALUES (1); ROLLBACK");
  let_time_pass(500ms);
  EXPECT_EQ(second.log().durable().size(), 0U);
  first.stop();
  first.sql("INSERT INTO t VALUES (2)");
  EXPECT_TRUE(eventually(30s, [&] { return second.log().changes() == Lines{"insert t [2]"}; }));
}

TEST(PostgresSource, A3_CopyOfAnAgentIsRefusedWhenTheOtherHasMovedTheSlot) {
  FollowedServer first;
  first.sql(plain_table);
  first.start();
  ASSERT_NE(first.streaming_process(), "");
  FollowedServer second;
  second.settings = first.settings;
  second.start();
  first.sql("INSERT INTO t VALUES (1)");
  EXPECT_EQ(first.new_changes(), Lines{"insert t [1]"});
  first.stop();
  EXPECT_NE(second.wait_for_refusal().find("beyond the queue's end"), std::string::npos);
  EXPECT_EQ(second.log().changes(), Lines{});
}

TEST(PostgresSource, S8_ConnectionThatWasCutIsMadeAgain) {
  FollowedServer followed;
  TcpProxy proxy(followed.direct);
  followed.settings.connection = proxy.settings();
  followed.sql(plain_table);
  followed.start();
  for (int round = 0; round < 5; ++round) {
    followed.sql(single_rows(round * 100 + 1, round * 100 + 100));
    proxy.cut();
  }
  EXPECT_EQ(followed.new_changes(), inserts(1, 500));
}

TEST(PostgresSource, StopIsFastWhateverIsInFlight) {
  FollowedServer followed;
  TcpProxy proxy(followed.direct);
  followed.settings.connection = proxy.settings();
  followed.sql(plain_table);
  followed.start();
  followed.sql("INSERT INTO t SELECT generate_series(1, 300000)");
  auto begin = Clock::now();
  followed.stop();
  EXPECT_LT(Clock::now() - begin, 20s);
  followed.start();
  EXPECT_EQ(followed.new_changes(), inserts(1, 300000));
  proxy.black_hole();
  begin = Clock::now();
  followed.stop();
  EXPECT_LT(Clock::now() - begin, 20s);
  proxy.serve();
}

}  // namespace
}  // namespace pgmirror::tests
