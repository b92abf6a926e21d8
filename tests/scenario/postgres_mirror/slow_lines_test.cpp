#include "tests/scenario/postgres_mirror/hostile_mirror.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace pgmirror::tests {
namespace {

/// The program reaches its source and its mirror over networks that are not what they should be.
class SlowLines : public HostileMirror {
 protected:
  SlowLines() {
    pair_.program().set("MIRROR_SOURCE_URL", connection_url(to_source_.settings()));
    pair_.program().set_mirror(to_mirror_.settings());
  }
  void SetUp() override {
    // What was given up here is in use there until the server notices, which a minute is the usual time for.
    tell_source("ALTER SYSTEM SET wal_sender_timeout = '20s'");
    tell_source("SELECT pg_reload_conf()");
  }

  /// Returns while rows are on their way.
  void start_a_long_copy() {
    tell_source(
        "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, repeat('v', 100) FROM"
        " generate_series(1, 100000) g");
    to_mirror_.limit_rate(1'000'000);
    pair_.program().start();
    ASSERT_TRUE(eventually(30s, [&] {
      return ask_mirror(
                 "SELECT count(*) FROM pg_catalog.pg_stat_progress_copy WHERE datname = current_database() AND"
                 " tuples_processed > 0") != "0";
    })) << pair_.program().log();
  }

  TcpProxy to_source_{pair_.source()};
  TcpProxy to_mirror_{pair_.mirror()};
};

/// No packet is acknowledged any more, and nobody says so.
TEST_F(SlowLines, G4_LineToTheMirrorThatFallsSilentIsGivenUpWithinAMinute) {
  mirror_first("CREATE TABLE t(id int PRIMARY KEY)");
  to_mirror_.go_silent();
  const auto begun = std::chrono::steady_clock::now();
  tell_source("INSERT INTO t SELECT generate_series(1, 100)");
  EXPECT_TRUE(pair_.becomes_same({}, {}, 75s));
  EXPECT_GT(std::chrono::steady_clock::now() - begun, 10s) << "the line was not silent";
}

/// What the session that was given up had open in the mirror would keep the table locked for two hours.
TEST_F(SlowLines, G4_LineToTheMirrorThatFallsSilentInTheMiddleOfACopyLeavesNothingLocked) {
  start_a_long_copy();
  to_mirror_.go_silent();
  to_mirror_.limit_rate(0);
  EXPECT_TRUE(pair_.becomes_same({}, {}, 75s));
  EXPECT_EQ(ask_mirror("SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = current_database() AND"
                       " application_name LIKE 'pgmirror%' AND xact_start < now() - interval '10 s'"),
            "0");
}

/// A snapshot keeps VACUUM from what the application has deleted since.
TEST_F(SlowLines, G4_LinesToTheSourceThatFallSilentInTheMiddleOfACopyLeaveNoSnapshotOpen) {
  start_a_long_copy();
  to_source_.go_silent();
  pair_.program().kill();
  const std::string open =
      "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_xmin IS NOT NULL AND datname ="
      " current_database() AND application_name LIKE 'pgmirror%'";
  EXPECT_NE(ask_source(open), "0") << "no snapshot was open";
  EXPECT_TRUE(eventually(75s, [&] { return ask_source(open) == "0"; }));
}

TEST_F(SlowLines, G4_LinesToTheSourceThatFallSilentAreGivenUp) {
  mirror_first("CREATE TABLE t(id int PRIMARY KEY)");
  to_source_.go_silent();
  const auto begun = std::chrono::steady_clock::now();
  tell_source("INSERT INTO t SELECT generate_series(1, 100)");
  EXPECT_TRUE(pair_.becomes_same({}, {}, 100s));
  EXPECT_GT(std::chrono::steady_clock::now() - begun, 10s) << "the lines were not silent";
}

/// A third of a second there and back, one packet of a hundred lost, a hundred kilobytes a second.
TEST_F(SlowLines, G18_SlowAndLossyLinesAreFollowedWithoutGivingUp) {
  tell_source(
      "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, repeat('v', 100) FROM"
      " generate_series(1, 2000) g");
  for (TcpProxy* const line : {&to_source_, &to_mirror_}) {
    line->delay_each_way(150ms);
    line->lose_packets(10);
    line->limit_rate(100'000);
  }
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same({}, {}, 150s));
  for (int round = 0; round < 20; ++round) {
    tell_source("UPDATE t SET v = md5(random()::text) || repeat('w', 100) WHERE id % 20 = " + std::to_string(round));
  }
  EXPECT_TRUE(pair_.becomes_same({}, {}, 150s));
  EXPECT_EQ(times_logged("connecting again"), 0U) << pair_.program().log();
  EXPECT_EQ(pair_.program().command({"health"}).end, ProgramEnd{});
}

}  // namespace
}  // namespace pgmirror::tests
