#include "tests/scenario/apply/applied_queue.hpp"

namespace pgmirror::tests {
namespace {

/// What people ask of a running mirror.
class Orders : public AppliedQueue {
 protected:
  Orders() { table_ = source_.table(numbers("t"), {{integer(1), integer(1)}, {integer(2), integer(2)}}); }
  change::RelationPtr table_;
};

TEST_F(Orders, PausedMirrorStandsStillUntilItIsResumed) {
  start_and_copy();
  worker_->orders().pause();
  ASSERT_TRUE(eventually(30s, [&] { return status().state == MirrorState::paused; }));
  const auto before = status().position;
  for (std::int64_t number = 1; number <= 5; ++number) source_.transaction([&] { write_ledger(number); });
  EXPECT_EQ(status().position, before);
  EXPECT_TRUE(ledger_holds_each_once(0));
  worker_->orders().resume();
  EXPECT_TRUE(catches_up());
  EXPECT_TRUE(ledger_holds_each_once(5));
}

TEST_F(Orders, PausedMirrorRestsWhileTheQueueFills) {
  start_and_copy();
  worker_->orders().pause();
  ASSERT_TRUE(eventually(30s, [&] { return status().state == MirrorState::paused; }));
  source_.transaction([&] { write_ledger(1); });
  EXPECT_TRUE(rests());
  worker_->orders().resume();
  EXPECT_TRUE(catches_up());
}

TEST_F(Orders, OneTableIsCopiedAgainWhileOthersGoOn) {
  start_and_copy();
  tell("DELETE FROM t WHERE id = 1; UPDATE t SET a = 99");
  std::jthread writer([&](const std::stop_token& stop) {
    for (std::int64_t number = 1; number <= 300 && !stop.stop_requested(); ++number) {
      source_.transaction([&] {
        write_ledger(number);
        if (number % 100 == 0) source_.insert(table_, {integer(number), integer(number)});
      });
      let_time_pass(1ms);
    }
  });
  for (int again = 0; again < 3; ++again) {
    worker_->orders().resync({"t"});
    EXPECT_TRUE(eventually(30s, [&] { return count("t WHERE id = 1 AND a = 1") == 1; })) << status().reason;
    tell("DELETE FROM t WHERE id = 1");
  }
  worker_->orders().resync({"t"});
  writer.join();
  EXPECT_TRUE(catches_up());
  EXPECT_TRUE(eventually(30s, [&] { return count("t") == 5; }));
  EXPECT_EQ(rows("SELECT id, a FROM t ORDER BY id"),
            (std::vector<std::string>{"1|1", "2|2", "100|100", "200|200", "300|300"}));
  EXPECT_TRUE(ledger_holds_each_once(300));
}

TEST_F(Orders, TableThatTheRulesLetInIsCopiedAtTheNextStart) {
  start_and_copy();
  source_.transaction([&] { write_ledger(1); });
  ASSERT_TRUE(catches_up());
  stop();
  const auto added = source_.table(numbers("added"), {{integer(1), integer(1)}});
  source_.transaction([&] {
    write_ledger(2);
    source_.insert(added, {integer(2), integer(2)});
  });
  start();
  EXPECT_TRUE(eventually(30s, [&] { return count("pg_catalog.pg_tables WHERE tablename = 'added'") == 1; }));
  source_.transaction([&] { source_.insert(added, {integer(3), integer(3)}); });
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(eventually(30s, [&] { return count("added") == 3; })) << status().reason;
  EXPECT_TRUE(ledger_holds_each_once(2));
  EXPECT_EQ(status().drifted_rows, 0U);
}

}  // namespace
}  // namespace pgmirror::tests
