#include <gtest/gtest.h>

#include "tests/scenario/postgres_source/left_server.hpp"
#include "tests/support/eventually.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;

/// A backlog that is being read when somebody takes away what it is read with. The queue takes nothing meanwhile.
class TakenBacklog : public testing::Test {
 protected:
  void read_in_the_middle() {
    followed_.pace.backlog = one_step;
    followed_.pace.backlog.probe = one_step.first;
    leave(followed_);
    followed_.sql(single_rows(1, rows));
    followed_.log().close_gate();
    followed_.start();
    ASSERT_TRUE(eventually(30s, [&] { return reads_backlog(followed_); }));
  }
  std::string to_reader(const std::string& function) {
    return "SELECT " + function +
           "(pid) FROM pg_stat_activity WHERE application_name = 'pgmirror backlog' AND datname = current_database()";
  }
  std::string slot_sql(const std::string& function, const std::string& more = {}) {
    return "SELECT " + function + "('" + followed_.slot() + "'" + more + ")";
  }
  /// What came is a beginning of what was written, each once.
  void expect_refusal(const std::string& words) {
    const std::string refusal = followed_.wait_for_refusal(20s);
    EXPECT_NE(refusal.find(words), std::string::npos) << refusal;
    const Lines came = followed_.log().changes();
    Lines written = inserts(1, rows + later);
    ASSERT_LE(came.size(), written.size());
    written.resize(came.size());
    EXPECT_EQ(came, written);
  }

  static constexpr int rows = 40'000;
  static constexpr int later = 3;  ///< too few to be asked for by SQL
  ThrowawayPostgres server_;
  FollowedServer followed_{server_};
};

TEST_F(TakenBacklog, ReaderIsTerminated) {
  read_in_the_middle();
  followed_.sql(to_reader("pg_terminate_backend"));
  followed_.log().open_gate();
  EXPECT_EQ(followed_.new_changes(), inserts(1, rows));
}

TEST_F(TakenBacklog, ReaderIsTerminatedAgainAndAgain) {
  followed_.pace.backlog = small_steps;
  leave(followed_);
  followed_.sql(single_rows(1, rows));
  followed_.start();
  while (followed_.log().changes().size() < rows - 1000) followed_.sql(to_reader("pg_terminate_backend"));
  EXPECT_EQ(followed_.new_changes(), inserts(1, rows));
}

TEST_F(TakenBacklog, StatementIsCancelled) {
  read_in_the_middle();
  followed_.sql(to_reader("pg_cancel_backend"));
  followed_.log().open_gate();
  EXPECT_EQ(followed_.new_changes(), inserts(1, rows));
}

/// The server ends whoever reads from a slot that has become too expensive.
TEST_F(TakenBacklog, S6_SlotsAreInvalidated) {
  followed_.administer("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
  followed_.administer("SELECT pg_reload_conf()");
  read_in_the_middle();
  for (int segment = 0; segment < 4; ++segment)
    followed_.administer("SELECT pg_logical_emit_message(true, 'test', ''), pg_switch_wal()");
  followed_.administer("CHECKPOINT");
  followed_.log().open_gate();
  expect_refusal("is lost: the server removed log that it needs");
}

TEST_F(TakenBacklog, S7_SlotIsDropped) {
  read_in_the_middle();
  followed_.sql(slot_sql("pg_drop_replication_slot"));
  followed_.log().open_gate();
  expect_refusal("is gone, so commits may be missing");
}

TEST_F(TakenBacklog, S7_SlotIsMadeAnew) {
  read_in_the_middle();
  followed_.sql(slot_sql("pg_drop_replication_slot"));
  followed_.sql(single_rows(rows + 1, rows + later));
  followed_.sql(slot_sql("pg_create_logical_replication_slot", ", 'pgoutput'"));
  followed_.log().open_gate();
  expect_refusal("beyond the queue's end");
}

TEST_F(TakenBacklog, S7_SlotIsMovedOnBySomebodyElse) {
  read_in_the_middle();
  followed_.sql(single_rows(rows + 1, rows + later));
  followed_.sql(slot_sql("pg_replication_slot_advance", ", pg_current_wal_lsn()"));
  followed_.log().open_gate();
  expect_refusal("beyond the queue's end");
}

}  // namespace
}  // namespace pgmirror::tests
