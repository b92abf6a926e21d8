#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <mutex>
#include <queue>
#include <utility>

#include "sinks/postgres/planned_work.hpp"
#include "sinks/postgres/source_questions.hpp"
#include "tests/support/eventually.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;
using change::Position;
using sinks::postgres::PlannedWork;
using sinks::postgres::WorkerOrders;

class EmptySnapshot : public change::Snapshot {
 public:
  explicit EmptySnapshot(Position position) : position_(position) {}
  Position position() const override { return position_; }
  const std::vector<change::RelationPtr>& relations() const override { return relations_; }
  void read(const change::Relation& /*relation*/, const std::function<bool(change::Tuple)>& /*consume*/) override {}
  change::TableProfile profile(const change::Relation& /*relation*/) override { return {}; }

 private:
  Position position_;
  std::vector<change::RelationPtr> relations_;
};

/// Gives its snapshots in the order in which they were asked for, each when the test lets it.
class SlowSource : public change::SnapshotProvider {
 public:
  std::unique_ptr<change::Snapshot> open_snapshot() override {
    std::future<Position> given;
    {
      const std::lock_guard lock(mutex_);
      given = next_.front().get_future();
      asked_.push(std::move(next_.front()));
      next_.pop();
      next_.emplace();
    }
    return std::make_unique<EmptySnapshot>(given.get());
  }
  /// The one that was asked for first and is not given yet.
  void give(std::uint64_t position) {
    ASSERT_TRUE(eventually(30s, [&] { return waiting() > 0; }));
    const std::lock_guard lock(mutex_);
    asked_.front().set_value(Position{position});
    asked_.pop();
  }
  void refuse() {
    ASSERT_TRUE(eventually(30s, [&] { return waiting() > 0; }));
    const std::lock_guard lock(mutex_);
    asked_.front().set_exception(std::make_exception_ptr(libpq::DatabaseError("gone", "57P01", true)));
    asked_.pop();
  }
  std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return asked_.size();
  }

 private:
  std::mutex mutex_;
  std::queue<std::promise<Position>> next_ = [] {
    std::queue<std::promise<Position>> first;
    first.emplace();
    return first;
  }();
  std::queue<std::promise<Position>> asked_;
};

struct Plan {
  SlowSource source;
  WorkerOrders orders;
  PlannedWork work{source, orders};

  /// Looks until the snapshot that was just given has been looked at.
  testing::AssertionResult plans(std::uint64_t applied, std::uint64_t queue_end) {
    const bool planned = eventually(10s, [&] {
      work.look_for_snapshot(Position{applied}, Position{queue_end});
      return work.planned();
    });
    return planned ? testing::AssertionSuccess() : testing::AssertionFailure() << "nothing is planned";
  }
};

TEST(PlannedWork, ACopyWaitsForItsSnapshotWhereTheQueueEnded) {
  Plan plan;
  EXPECT_TRUE(plan.work.none());
  plan.work.await_copy();
  plan.work.look_for_snapshot(Position{10}, Position{20});
  EXPECT_FALSE(plan.work.none());
  EXPECT_FALSE(plan.work.waits_at(Position{10}));
  EXPECT_EQ(plan.work.until(), Position{20});
  EXPECT_TRUE(plan.work.waits_at(Position{20}));
  plan.source.give(25);
  ASSERT_TRUE(plan.plans(20, 30));
  EXPECT_EQ(plan.work.until(), Position{25});
  EXPECT_FALSE(plan.work.waits_at(Position{20}));
  EXPECT_FALSE(plan.work.is_due_at(Position{24}));
  EXPECT_TRUE(plan.work.is_due_at(Position{25}));
  EXPECT_EQ(plan.work.take().snapshot->position(), Position{25});
  plan.work.copied(true);
  plan.work.look_for_snapshot(Position{25}, Position{30});
  EXPECT_TRUE(plan.work.none());
}

TEST(PlannedWork, AnOrderThatOvertakesTheSnapshotOfACopyHoldsNothingUpForEver) {
  Plan plan;
  plan.work.await_copy();
  plan.work.look_for_snapshot(Position{10}, Position{20});
  ASSERT_TRUE(eventually(30s, [&] { return plan.source.waiting() == 1; }));
  auto answer = plan.orders.verify(false);
  auto ordering = std::async(std::launch::async, [&] { plan.work.take_orders(false); });
  ASSERT_TRUE(eventually(30s, [&] { return plan.source.waiting() == 2; }));
  plan.source.give(22);
  plan.source.give(25);
  ordering.get();
  ASSERT_TRUE(plan.work.planned());
  // The mirror reaches the comparison's snapshot, which is behind that of the copy.
  ASSERT_TRUE(eventually(30s, [&] {
    plan.work.look_for_snapshot(Position{20}, Position{30});
    return plan.work.until() == Position{25};
  }));
  EXPECT_FALSE(plan.work.waits_at(Position{20}));
  EXPECT_TRUE(plan.work.is_due_at(Position{25}));
  EXPECT_TRUE(plan.work.take().verification);
  // The copy asks for another one, and gets it.
  ASSERT_TRUE(eventually(30s, [&] {
    plan.work.look_for_snapshot(Position{25}, Position{30});
    return plan.source.waiting() == 1;
  }));
  EXPECT_EQ(plan.work.until(), Position{30});
  plan.source.give(33);
  ASSERT_TRUE(plan.plans(30, 40));
  EXPECT_FALSE(plan.work.take().verification);
}

TEST(PlannedWork, ASnapshotThatTheMirrorHasPassedIsNotUsed) {
  Plan plan;
  plan.work.await_copy();
  plan.work.look_for_snapshot(Position{10}, Position{20});
  plan.source.give(22);
  ASSERT_TRUE(eventually(30s, [&] {
    plan.work.look_for_snapshot(Position{23}, Position{30});
    return plan.source.waiting() == 1;
  }));
  EXPECT_FALSE(plan.work.planned());
  plan.source.give(31);
  EXPECT_TRUE(plan.plans(30, 40));
}

TEST(PlannedWork, ACopyThatIsDoneByAnotherTaskHoldsNothingBackAnyMore) {
  Plan plan;
  plan.work.await_copy();
  plan.work.look_for_snapshot(Position{10}, Position{20});
  plan.work.copied(true);
  EXPECT_GT(plan.work.until(), Position{1'000'000});
  EXPECT_FALSE(plan.work.waits_at(Position{20}));
  plan.source.give(22);
  ASSERT_TRUE(eventually(30s, [&] {
    plan.work.look_for_snapshot(Position{15}, Position{50});
    return plan.work.none();
  }));
}

TEST(PlannedWork, ASourceThatGivesNoSnapshotIsNamedAsTheOneThatFailed) {
  Plan plan;
  plan.work.await_copy();
  plan.work.look_for_snapshot(Position{10}, Position{20});
  plan.source.refuse();
  EXPECT_THROW(while (plan.work.waits_at(Position{20})) plan.work.look_for_snapshot(Position{20}, Position{20}),
               sinks::postgres::SourceUnavailable);
}

}  // namespace
}  // namespace pgmirror::tests
