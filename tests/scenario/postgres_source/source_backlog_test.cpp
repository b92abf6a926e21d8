#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <pqxx/nontransaction>
#include <thread>

#include "capture/postgres/backlog_receiver.hpp"
#include "capture/postgres/backlog_statement.hpp"
#include "capture/postgres/decoding_memory.hpp"
#include "capture/postgres/slot_copy.hpp"
#include "capture/postgres/source_session.hpp"
#include "tests/scenario/postgres_source/left_server.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST(PostgresBacklog, IsReadBySqlWhileTheQueueTakesItsTime) {
  FollowedServer followed;
  followed.pace.backlog = one_step;
  leave(followed);
  followed.sql(single_rows(1, 40000));
  followed.log().close_gate();
  followed.start();
  EXPECT_TRUE(eventually(30s, [&] { return reads_backlog(followed); }));
  followed.log().open_gate();
  EXPECT_EQ(followed.new_changes(), inserts(1, 40000));
  EXPECT_FALSE(reads_backlog(followed));
  followed.sql("INSERT INTO t VALUES (0)");
  EXPECT_EQ(followed.new_changes(), Lines{"insert t [0]"});
}

/// All that transactions can hold, once by SQL and once streamed.
Lines followed_history(const capture::postgres::BacklogPace& pace) {
  FollowedServer followed;
  followed.pace.backlog = pace;
  followed.rules = config::TableRules({}, {"hidden"}, {});
  followed.sql(
      "CREATE TABLE wide (id int, part text, big text, PRIMARY KEY (part, id));"
      "CREATE TABLE hidden (id int); CREATE TABLE whole (a int, b json);"
      "ALTER TABLE whole REPLICA IDENTITY FULL; ALTER TABLE wide ALTER big SET STORAGE EXTERNAL");
  leave(followed);

  followed.sql("INSERT INTO wide SELECT i, 'a', repeat(i::text, 1000) FROM generate_series(1, 200) i");
  followed.sql("UPDATE wide SET part = 'b' WHERE id % 2 = 0; UPDATE wide SET id = id + 1000 WHERE part = 'b'");
  followed.sql(
      "BEGIN; INSERT INTO t VALUES (1); SAVEPOINT s; INSERT INTO t VALUES (2); ROLLBACK TO s;"
      " INSERT INTO t VALUES (3); COMMIT");
  followed.sql("INSERT INTO hidden SELECT generate_series(1, 20000)");
  followed.sql("BEGIN; INSERT INTO t VALUES (4); ROLLBACK");
  followed.sql("ALTER TABLE t ADD note text; INSERT INTO t VALUES (5, NULL), (6, 'x'); UPDATE t SET note = 'y'");
  followed.sql(
      "INSERT INTO whole SELECT i % 3, '{\"a\": 1}' FROM generate_series(1, 3000) i; DELETE FROM whole WHERE a = 1");
  followed.sql("TRUNCATE wide, t; INSERT INTO t SELECT i, 'after' FROM generate_series(1, 5000) i");
  followed.start();
  EXPECT_TRUE(followed.caught_up());
  Lines changes = followed.log().changes();
  // What the catalog tells comes when it was looked at.
  std::erase_if(changes, [](const std::string& change) {
    return change.starts_with("statement") || change.starts_with("sequence") || change.starts_with("gap");
  });
  return changes;
}

TEST(PostgresBacklog, GivesWhatTheStreamGives) {
  const Lines streamed = followed_history({.near = 1ULL << 40U});
  EXPECT_GT(streamed.size(), 9000U);
  for (const auto& pace : {small_steps, two_readers, one_step}) {
    const Lines read = followed_history(pace);
    EXPECT_EQ(read.size(), streamed.size());
    const auto [was_read, was_streamed] = std::ranges::mismatch(read, streamed);
    if (was_read != read.end() && was_streamed != streamed.end()) {
      ADD_FAILURE() << was_read->substr(0, 200) << "\nwhere the stream has " << was_streamed->substr(0, 200);
    }
  }
}

/// Commits of many sessions lie across the places where one reader ends and the other begins.
TEST(PostgresBacklog, TwoReadersMissNoCommitAndRepeatNone) {
  constexpr int sessions = 4;
  constexpr int each = 5000;
  FollowedServer followed;
  followed.pace.backlog = two_readers;
  leave(followed);
  {
    std::vector<std::jthread> writers;
    for (int session = 0; session < sessions; ++session) {
      writers.emplace_back([&followed, session] {
        pqxx::nontransaction(*followed.open_session()).exec(single_rows(session * each + 1, (session + 1) * each));
      });
    }
  }
  followed.start();
  Lines changes = followed.new_changes();
  Lines written = inserts(1, sessions * each);
  std::ranges::sort(changes);
  std::ranges::sort(written);
  EXPECT_EQ(changes, written);
}

class BacklogInTwoParts : public testing::Test {
 protected:
  /// Neither reader can send all of its part while the queue takes nothing.
  void read_in_the_middle() {
    followed_.pace.backlog = two_parts;
    leave(followed_);
    followed_.sql("ALTER TABLE t ADD filler text");
    followed_.sql(fmt::format(
        "DO $$ BEGIN FOR i IN 1..{} LOOP INSERT INTO t VALUES (i, repeat('x', 2000)); COMMIT; END LOOP; END $$", rows));
    followed_.log().close_gate();
    followed_.start();
    ASSERT_TRUE(eventually(20s, [&] { return backlog_readers(followed_) == 2; }));
  }
  /// Only the reader of the rest asks for any number of messages.
  void terminate(const std::string& condition) {
    followed_.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgmirror backlog' AND datname"
        " = current_database() AND query " +
        condition + " '%, NULL, %'");
    EXPECT_TRUE(eventually(30s, [&] { return backlog_readers(followed_) < 2; }));
  }
  void expect_all_rows() {
    followed_.log().open_gate();
    ASSERT_TRUE(followed_.caught_up(60s));
    int next = 1;
    for (const std::string& change : followed_.log().changes()) {
      if (!change.starts_with("insert")) continue;
      ASSERT_TRUE(change.starts_with(fmt::format("insert t [{}|", next))) << change.substr(0, 40);
      ++next;
    }
    EXPECT_EQ(next, rows + 1);
  }

  static constexpr int rows = 20'000;
  FollowedServer followed_;
};

TEST_F(BacklogInTwoParts, ComesInTheOrderOfTheCommits) {
  read_in_the_middle();
  expect_all_rows();
}

TEST_F(BacklogInTwoParts, IsGivenUpWholeWhereTheQueueIsFull) {
  followed_.pace.patience_with_queue = 1s;
  read_in_the_middle();
  EXPECT_TRUE(eventually(30s, [&] { return backlog_readers(followed_) == 0; }));
  expect_all_rows();
}

TEST_F(BacklogInTwoParts, ReaderOfTheBeginningIsTerminated) {
  read_in_the_middle();
  terminate("NOT LIKE");
  expect_all_rows();
}

TEST_F(BacklogInTwoParts, ReaderOfTheRestIsTerminated) {
  read_in_the_middle();
  terminate("LIKE");
  expect_all_rows();
}

/// A taking side that takes nothing loses the connection of the reader whose turn it is, and only that.
TEST(BacklogReceiver, KeepsItsConnectionWhileItIsNotItsTurn) {
  using capture::postgres::BacklogReceiver;
  constexpr int rows = 50'000;
  FollowedServer followed;
  const auto receive = [&](bool its_turn) {
    const auto next = [&, asked = false](libpq::Connection&, std::uint64_t) mutable -> std::optional<std::string> {
      if (std::exchange(asked, true)) return std::nullopt;
      return fmt::format("COPY (SELECT repeat('x', 1000) FROM generate_series(1, {})) TO STDOUT (FORMAT binary)", rows);
    };
    auto receiver = std::make_unique<BacklogReceiver>(
        capture::postgres::open_source_session(followed.direct, "pgmirror backlog"), next, 500ms, [](const auto&) {});
    receiver->have_turn(its_turn);
    return receiver;
  };
  const auto waiting = receive(false);
  const auto taken_from = receive(true);
  EXPECT_TRUE(eventually(30s, [&] { return backlog_readers(followed) == 2; }));
  EXPECT_TRUE(eventually(30s, [&] { return backlog_readers(followed) == 1; }));
  int came = 0;
  bool first = true;
  while (!waiting->finished()) {
    const auto chunk = waiting->take({}, 10s);
    if (!chunk) continue;
    chunk->each([&](std::string_view bytes) {
      capture::postgres::each_copied_message(bytes, std::exchange(first, false), [&](std::string_view) { ++came; });
    });
  }
  EXPECT_EQ(came, rows);
}

TEST(PostgresBacklog, ConnectionIsCutAgainAndAgain) {
  FollowedServer followed;
  TcpProxy proxy(followed.direct);
  followed.settings.connection = proxy.settings();
  followed.pace.backlog = small_steps;
  leave(followed);
  followed.sql(single_rows(1, 20000));
  followed.start();
  for (std::uint64_t rows = 500; rows < 19000; rows += 2500) {
    EXPECT_TRUE(eventually(20s, [&] { return followed.log().changes().size() >= rows; }));
    proxy.cut();
  }
  EXPECT_EQ(followed.new_changes(), inserts(1, 20000));
}

TEST(PostgresBacklog, ServerCrashesInTheMiddle) {
  ThrowawayPostgres server;
  FollowedServer followed(server);
  followed.pace.backlog = small_steps;
  leave(followed);
  followed.sql(single_rows(1, 20000));
  followed.start();
  for (const std::uint64_t rows : {1000U, 8000U}) {
    EXPECT_TRUE(eventually(20s, [&] { return followed.log().changes().size() >= rows; }));
    server.restart_immediately();
  }
  EXPECT_EQ(followed.new_changes(), inserts(1, 20000));
}

TEST(PostgresBacklog, AgentStopsInTheMiddleAgainAndAgain) {
  FollowedServer followed;
  followed.pace.backlog = small_steps;
  leave(followed);
  followed.sql(single_rows(1, 20000));
  for (std::uint64_t rows = 500; rows < 19000; rows += 4000) {
    followed.start();
    EXPECT_TRUE(eventually(20s, [&] { return followed.log().changes().size() >= rows; }));
    const auto begin = Clock::now();
    followed.stop();
    EXPECT_LT(Clock::now() - begin, 20s);
    EXPECT_LE(followed.confirmed(), followed.log().end());
  }
  followed.start();
  EXPECT_EQ(followed.new_changes(), inserts(1, 20000));
}

TEST(PostgresBacklog, StopIsFastThoughTheNetworkSwallowsEverything) {
  FollowedServer followed;
  TcpProxy proxy(followed.direct);
  followed.settings.connection = proxy.settings();
  followed.pace.backlog = one_step;
  leave(followed);
  followed.sql(single_rows(1, 40000));
  followed.log().close_gate();
  followed.start();
  EXPECT_TRUE(eventually(30s, [&] { return reads_backlog(followed); }));
  proxy.black_hole();
  const auto begin = Clock::now();
  followed.stop();
  EXPECT_LT(Clock::now() - begin, 20s);
  proxy.serve();
  followed.start();
  EXPECT_EQ(followed.new_changes(), inserts(1, 40000));
}

TEST(PostgresBacklog, StopIsFastWhereverTheNetworkSwallowsTheStart) {
  FollowedServer followed;
  TcpProxy proxy(followed.direct);
  followed.settings.connection = proxy.settings();
  followed.pace.backlog = small_steps;
  leave(followed);
  proxy.delay_each_way(3ms);
  for (int round = 0; round < 30; ++round) {
    followed.sql(single_rows(round * 100 + 1, round * 100 + 100));
    followed.start();
    let_time_pass(round * 7ms);
    proxy.black_hole();
    const auto begin = Clock::now();
    followed.stop();
    // An attempt to connect may take its five seconds, and what is asked there at first as well.
    EXPECT_LT(Clock::now() - begin, 20s) << "round " << round;
    proxy.serve();
  }
  followed.start();
  EXPECT_EQ(followed.new_changes(), inserts(1, 3000));
}

TEST(PostgresBacklog, FullQueueDoesNotHoldBackVacuumForEver) {
  FollowedServer followed;
  followed.pace.backlog = one_step;
  followed.pace.patience_with_queue = 1s;
  leave(followed);
  // More than is received ahead and than the network holds.
  followed.sql(
      "ALTER TABLE t ADD filler text; INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 50000) i");
  followed.log().close_gate();
  followed.start();
  EXPECT_TRUE(eventually(30s, [&] { return reads_backlog(followed); }));
  EXPECT_TRUE(eventually(30s, [&] { return !reads_backlog(followed); }));
  EXPECT_LE(followed.confirmed(), followed.log().end());
  followed.log().open_gate();
  EXPECT_TRUE(followed.caught_up(60s));
  const auto transactions = followed.log().durable_with_changes();
  const auto is_large = [](const auto& one) { return one.changes.size() > 1000; };
  ASSERT_EQ(std::ranges::count_if(transactions, is_large), 1);
  // With the definition of the new column; what the table has now is told behind it.
  EXPECT_EQ(std::ranges::find_if(transactions, is_large)->changes.size(), 50001U);
}

/// Takes all slots of the server but so many.
void leave_slots(FollowedServer& followed, int free) {
  followed.sql(
      "DO $$ BEGIN FOR i IN 1..1000 LOOP PERFORM pg_create_physical_replication_slot('filler_' || i); END LOOP;"
      " EXCEPTION WHEN configuration_limit_exceeded THEN NULL; END $$");
  // What failed in a block is taken back, but for the slots.
  for (int i = 1; i <= free; ++i) followed.sql(fmt::format("SELECT pg_drop_replication_slot('filler_{}')", i));
  ASSERT_EQ(followed.sql(fmt::format("SELECT count(*) = current_setting('max_replication_slots')::int - {} FROM "
                                     "pg_replication_slots",
                                     free)),
            "t");
}
void drop_fillers(FollowedServer& followed) {
  followed.sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE 'filler%'");
}

/// Reading by SQL takes a slot of its own for as long as it takes.
TEST(PostgresBacklog, IsStreamedWhereNoSlotIsLeft) {
  FollowedServer followed;
  followed.pace.backlog = one_step;
  leave(followed);
  followed.sql(single_rows(1, 2000));
  leave_slots(followed, 0);
  followed.start();
  EXPECT_EQ(followed.new_changes(), inserts(1, 2000));
  drop_fillers(followed);
}

/// The one that there is goes to the reader that can do all of it.
TEST(PostgresBacklog, IsReadByOneWhereOneSlotIsLeft) {
  FollowedServer followed;
  followed.pace.backlog = one_step;
  followed.pace.backlog.worth_two = one_step.near;
  leave(followed);
  followed.sql(single_rows(1, 40000));
  leave_slots(followed, 1);
  for (int round = 0; round < 5; ++round) {
    followed.log().close_gate();
    followed.start();
    EXPECT_TRUE(eventually(30s, [&] { return reads_backlog(followed); }));
    followed.stop_and_free_slot();
  }
  followed.log().open_gate();
  followed.start();
  EXPECT_EQ(followed.new_changes(), inserts(1, 40000));
  drop_fillers(followed);
}

TEST(PostgresBacklog, LeavesNoSlotBehind) {
  FollowedServer followed;
  followed.pace.backlog = small_steps;
  leave(followed);
  followed.sql(single_rows(1, 5000));
  followed.start();
  EXPECT_EQ(followed.new_changes(), inserts(1, 5000));
  EXPECT_TRUE(eventually(20s, [&] {
    return followed.sql("SELECT count(*) FROM pg_replication_slots WHERE database = current_database()") == "1";
  }));
}

TEST(PostgresBacklog, SlotMovesOnThroughWhatOthersWrote) {
  FollowedServer followed;
  followed.pace.backlog = small_steps;
  leave(followed);
  FollowedServer other;
  other.sql("CREATE TABLE noise AS SELECT generate_series(1, 20000)");
  const change::Position after_other = followed.server_position();
  followed.sql("INSERT INTO t VALUES (1)");
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{"insert t [1]"});
  EXPECT_TRUE(eventually(20s, [&] { return followed.confirmed() >= after_other; }));
}

/// In kilobytes.
std::int64_t setting_of(libpq::Connection& connection, const std::string& name) {
  return connection
      .execute("SELECT setting::int8 * CASE unit WHEN '8kB' THEN 8 ELSE 1 END FROM pg_settings WHERE name = '" + name +
               "'")
      .integer(0, 0);
}

TEST(DecodingMemory, IsAPartOfTheServersAndNeverLessThanItIsSet) {
  libpq::Connection connection(shared_postgres().create_database(), "test");
  const std::int64_t buffers = setting_of(connection, "shared_buffers");
  connection.execute("SET work_mem = 64; SET logical_decoding_work_mem = 64");
  capture::postgres::raise_decoding_memory(connection);
  capture::postgres::raise_result_memory(connection);
  EXPECT_EQ(setting_of(connection, "logical_decoding_work_mem"), std::min<std::int64_t>(buffers / 2, 1 << 20));
  EXPECT_EQ(setting_of(connection, "work_mem"), std::min<std::int64_t>(buffers / 8, 64 << 10));
  connection.execute("SET work_mem = '1GB'; SET logical_decoding_work_mem = '2000MB'");
  capture::postgres::raise_decoding_memory(connection);
  capture::postgres::raise_result_memory(connection);
  EXPECT_EQ(setting_of(connection, "logical_decoding_work_mem"), 2000 << 10);
  EXPECT_EQ(setting_of(connection, "work_mem"), 1 << 20);
}

TEST(DecodingMemory, OfResultsIsRaisedForWhoeverReadsABacklog) {
  const auto settings = shared_postgres().create_database();
  libpq::Connection connection(settings, "test");
  connection.execute("ALTER DATABASE \"" + settings.database + "\" SET work_mem = 64");
  connection.execute("SELECT pg_create_logical_replication_slot('read_by_sql', 'pgoutput')");
  {
    capture::postgres::SlotCopying copying(settings, "read_by_sql", capture::postgres::SlotCopying::Memory::as_set);
    auto copy = copying.get();
    EXPECT_GT(setting_of(copy.connection, "work_mem"), 64);
  }
  EXPECT_TRUE(eventually(20s, [&] {
    return connection.execute("SELECT count(*) FROM pg_replication_slots WHERE temporary").integer(0, 0) == 0;
  }));
  connection.execute("SELECT pg_drop_replication_slot('read_by_sql')");
}

}  // namespace
}  // namespace pgmirror::tests
