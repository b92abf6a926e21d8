#include "tests/scenario/apply/applied_queue.hpp"

namespace pgmirror::tests {
namespace {

class MirrorOwnership : public AppliedQueue {
 protected:
  void write(std::int64_t number) {
    source_.transaction([&] { write_ledger(number); });
  }
};

TEST_F(MirrorOwnership, SecondAgentFencesTheFirstWhichSaysSo) {
  start_and_copy();
  write(1);
  ASSERT_TRUE(catches_up());
  sinks::postgres::MirrorWorker second(mirror_, queue_.reader(), source_, {"scripted"});
  const std::jthread second_thread([&](std::stop_token stop) { second.run(std::move(stop)); });
  ASSERT_TRUE(eventually(30s, [&] { return second.status().state == MirrorState::streaming; }));
  for (std::int64_t number = 2; number <= 20; ++number) write(number);
  EXPECT_TRUE(says(MirrorState::failed, "another agent has taken this mirror over"));
  EXPECT_TRUE(eventually(30s, [&] { return second.status().position == queue_.end(); })) << second.status().reason;
  EXPECT_TRUE(ledger_holds_each_once(20));
  // The first one stays away, however long.
  write(21);
  EXPECT_TRUE(eventually(30s, [&] { return second.status().position == queue_.end(); }));
  EXPECT_EQ(status().state, MirrorState::failed);
  EXPECT_TRUE(ledger_holds_each_once(21));
}

TEST_F(MirrorOwnership, AgentThatLostItsConnectionDoesNotTakeTheMirrorBack) {
  start_and_copy();
  sinks::postgres::MirrorWorker second(mirror_, queue_.reader(), source_, {"scripted"});
  const std::jthread second_thread([&](std::stop_token stop) { second.run(std::move(stop)); });
  ASSERT_TRUE(eventually(30s, [&] { return second.status().state == MirrorState::streaming; }));
  tell(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgmirror worker %' AND "
      "datname = current_database()");
  EXPECT_TRUE(says(MirrorState::failed, "another agent has taken this mirror over"));
  write(1);
  EXPECT_TRUE(eventually(30s, [&] { return second.status().position == queue_.end(); })) << second.status().reason;
  EXPECT_EQ(second.status().state, MirrorState::streaming) << "the owner is let in again";
  EXPECT_TRUE(ledger_holds_each_once(1));
}

TEST_F(MirrorOwnership, CheckpointMovedByHandStopsTheMirrorUntilSomebodyLooks) {
  start_and_copy();
  write(1);
  ASSERT_TRUE(catches_up());
  tell("UPDATE pgmirror.checkpoint SET position = position - 1");
  write(2);
  EXPECT_TRUE(says(MirrorState::failed, "checkpoint in the mirror is not where this agent left it"));
  EXPECT_TRUE(ledger_holds_each_once(1));
  tell("UPDATE pgmirror.checkpoint SET position = position + 1");
  worker_->orders().resume();
  EXPECT_TRUE(catches_up());
  EXPECT_TRUE(ledger_holds_each_once(2));
}

TEST_F(MirrorOwnership, CheckpointAheadOfTheQueueIsRefusedAndTheRemedyNamed) {
  start_and_copy();
  write(1);
  ASSERT_TRUE(catches_up());
  stop();
  tell("UPDATE pgmirror.checkpoint SET position = position + 1000");
  start();
  write(2);
  EXPECT_TRUE(says(MirrorState::failed, "resync"));
  EXPECT_TRUE(ledger_holds_each_once(1));
}

TEST_F(MirrorOwnership, CheckpointRemovedByHandLosesAndRepeatsNothing) {
  start_and_copy();
  write(1);
  write(2);
  ASSERT_TRUE(catches_up());
  tell("DELETE FROM pgmirror.checkpoint");
  write(3);
  EXPECT_TRUE(says(MirrorState::failed, "another agent has taken this mirror over"));
  EXPECT_TRUE(ledger_holds_each_once(2));
  worker_->orders().resume();
  EXPECT_TRUE(catches_up());
  EXPECT_TRUE(ledger_holds_each_once(3));
}

}  // namespace
}  // namespace pgmirror::tests
