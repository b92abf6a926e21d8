#include "sinks/postgres/batch_collector.hpp"

#include "sinks/postgres/batch_growth.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "queue/change_queue.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/sinks/sample_table.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::Position;
using change::RowOperation;
using change::Value;
using Stopped = BatchCollector::Stopped;

/// A queue with transactions of table t and a collector in front of it.
class Collector : public testing::Test {
 protected:
  Collector() {
    auto relation = std::make_shared<change::Relation>(*sample_.relation);
    relation->columns.front().name = "id";
    written_ = relation;
    cursor_.emplace(queue_.reader().open_cursor({}));
    collector_.emplace(*cursor_, registry_);
  }

  /// Inserts rows with new keys.
  void write(std::uint64_t position, unsigned rows) {
    queue_.begin();
    for (unsigned row = 0; row < rows; ++row) {
      const std::array cells{Value::integer(next_key_++)};
      queue_.row({RowOperation::insert, written_, {}, cells});
    }
    commit(position);
  }
  void commit(std::uint64_t position) {
    queue_.commit({{position}, {}});
    queue_.sync();
  }

  /// Describes what is unknown on the way, as a session does.
  Stopped collect(const BatchLimits& limits = {}) {
    for (;;) {
      const Stopped stopped = collector_->collect(batch_, limits);
      if (stopped == Stopped::paused) ++pauses_;
      if (stopped == Stopped::paused) continue;
      if (stopped != Stopped::unknown_relation) return stopped;
      ++described_;
      MirrorTable table = sample_;
      table.relation = collector_->unknown();
      TrackedTable& tracked = registry_.stands(collector_->unknown(), std::make_shared<MirrorTable>(std::move(table)));
      tracked.state = state_;
      tracked.copied_at = copied_at_;
    }
  }
  const TrackedTable& tracked() { return registry_.by_name(*written_); }

  MirrorTable sample_ = sample_table({{"id", change::TypeFamily::integer}});
  change::RelationPtr written_;
  tests::TemporaryDirectory directory_;
  queue::ChangeQueue queue_{{.directory = directory_ / "queue", .source = {"sqlite:test"}}};
  SchemaBuilder schema_{config::Mirror{}};
  TableRegistry registry_{schema_, "mirror"};
  std::optional<queue::Cursor> cursor_;
  std::optional<BatchCollector> collector_;
  NetBatch batch_;
  TrackedTable::State state_ = TrackedTable::State::live;
  Position copied_at_;
  unsigned described_ = 0;
  unsigned pauses_ = 0;

 private:
  std::int64_t next_key_ = 1;
};

TEST_F(Collector, GathersWholeTransactionsUntilALimitIsReached) {
  for (std::uint64_t position = 1; position <= 5; ++position) write(position, 4);
  EXPECT_EQ(collect({.changes = 6}), Stopped::full);
  EXPECT_EQ(batch_.transactions(), 2U);
  EXPECT_EQ(batch_.changes(), 8U) << "no transaction is cut";
  batch_.clear();
  EXPECT_EQ(collect({.transactions = 1}), Stopped::full);
  EXPECT_EQ(batch_.last_commit().position, Position{3});
  EXPECT_EQ(collect(), Stopped::at_end);
  EXPECT_EQ(batch_.last_commit().position, Position{5});
  EXPECT_EQ(batch_.changes(), 12U);
  EXPECT_EQ(described_, 1U);
}

TEST_F(Collector, EndsWithTheTransactionItIsTold) {
  for (std::uint64_t position = 1; position <= 5; ++position) write(position, 1);
  EXPECT_EQ(collect({.until = Position{3}}), Stopped::full);
  EXPECT_EQ(batch_.last_commit().position, Position{3});
}

TEST_F(Collector, GoesOnWithWhatIsWrittenLater) {
  EXPECT_EQ(collect(), Stopped::at_end);
  write(1, 1);
  EXPECT_EQ(collect(), Stopped::at_end);
  write(2, 1);
  EXPECT_EQ(collect(), Stopped::at_end);
  EXPECT_EQ(batch_.transactions(), 2U);
}

TEST_F(Collector, LeavesOutWhatCameWithTheCopy) {
  copied_at_ = {2};
  for (std::uint64_t position = 1; position <= 3; ++position) write(position, 2);
  EXPECT_EQ(collect(), Stopped::at_end);
  EXPECT_EQ(batch_.changes(), 2U);
  EXPECT_EQ(batch_.transactions(), 3U) << "the checkpoint moves over all of them";
  EXPECT_EQ(tracked().changes, 2U);
}

TEST_F(Collector, CountsWhatAStoppedTableMisses) {
  state_ = TrackedTable::State::stopped;
  write(1, 3);
  EXPECT_EQ(collect(), Stopped::at_end);
  EXPECT_EQ(batch_.changes(), 0U);
  EXPECT_EQ(batch_.last_commit().position, Position{1});
  EXPECT_EQ(tracked().skipped, 3U);
}

TEST_F(Collector, LeavesChangesOfTheSchemaToBeAppliedAlone) {
  write(1, 1);
  queue_.begin();
  queue_.schema({.before = nullptr, .after = written_});
  commit(2);
  write(3, 1);
  EXPECT_EQ(collect(), Stopped::serial);
  EXPECT_EQ(batch_.last_commit().position, Position{1});
  EXPECT_EQ(collect(), Stopped::serial) << "until somebody has applied it";
  collector_->restart(Position{2});
  EXPECT_EQ(collect(), Stopped::at_end);
  EXPECT_EQ(batch_.last_commit().position, Position{3});
  EXPECT_EQ(batch_.changes(), 2U);
}

TEST_F(Collector, TakesMoreAtOnceTheLongerItIsBehind) {
  for (std::uint64_t position = 1; position <= 40; ++position) write(position, 10);
  BatchGrowth growth;
  std::vector<std::uint64_t> taken;
  std::vector<bool> far_behind;
  for (const bool waiting : {true, true, true, true, true, false, true}) {
    BatchLimits limits{.changes = 10};
    growth.limit(limits);
    collect(limits);
    taken.push_back(batch_.changes());
    batch_.clear();
    growth.sent(waiting);
    far_behind.push_back(growth.far_behind());
  }
  EXPECT_EQ(taken, (std::vector<std::uint64_t>{10, 20, 40, 80, 80, 80, 10}));
  EXPECT_EQ(far_behind, (std::vector<bool>{false, false, false, true, true, false, false}));
}

TEST_F(Collector, LeavesTransactionsThatAreTooLargeToBeAppliedAlone) {
  write(1, 2);
  write(2, 100);
  EXPECT_EQ(collect({.rows_of_one = 50}), Stopped::serial);
  EXPECT_EQ(batch_.changes(), 2U);
}

TEST_F(Collector, KeepsTheRowsOfATransactionWhoseBatchIsSentWhileItIsRead) {
  write(1, 1);
  auto other = std::make_shared<change::Relation>(*written_);
  other->name = "other";
  constexpr std::int64_t rows = 300'000;
  queue_.begin();
  for (std::int64_t key = 10; key < 10 + rows; ++key) {
    const std::array cells{Value::integer(key)};
    queue_.row({RowOperation::insert, written_, {}, cells});
  }
  const std::array last{Value::integer(1)};
  queue_.row({RowOperation::insert, other, {}, last});
  commit(2);
  constexpr std::size_t no_limit = std::size_t{1} << 40U;
  const BatchLimits limits{.changes = 10 * rows, .bytes = no_limit, .rows_of_one = 10 * rows, .bytes_of_one = no_limit};
  collect({.transactions = 1});
  ASSERT_EQ(collector_->collect(batch_, limits), Stopped::unknown_relation);
  batch_.clear();
  EXPECT_EQ(collect(limits), Stopped::at_end);
  ASSERT_EQ(batch_.tables().size(), 2U);
  std::int64_t sum = 0;
  for (const RowEffect& row : batch_.tables().front()->rows()) sum += row.row[0].as_integer();
  EXPECT_EQ(sum, rows * (19 + rows) / 2);
}

TEST_F(Collector, PausesBetweenTransactionsAndLosesNothing) {
  for (std::uint64_t position = 1; position <= 50; ++position) write(position, 400);
  EXPECT_EQ(collect(), Stopped::full);
  EXPECT_EQ(batch_.changes(), 20'000U);
  EXPECT_EQ(batch_.last_commit().position, Position{50});
  EXPECT_EQ(pauses_, 4U);
}

TEST_F(Collector, EndsBeforeATransactionThatReachesBehindWhatItIsTold) {
  write(10, 1);
  write(20, 2);
  EXPECT_EQ(collect({.until = Position{15}}), Stopped::beyond);
  EXPECT_EQ(batch_.last_commit().position, Position{10});
  EXPECT_EQ(collect({.until = Position{15}}), Stopped::beyond);
  EXPECT_EQ(batch_.changes(), 1U);
  EXPECT_EQ(collect(), Stopped::at_end);
  EXPECT_EQ(batch_.changes(), 3U);
}

TEST_F(Collector, StartsAgainWithoutWhatItHasRead) {
  write(1, 1);
  write(2, 60);
  EXPECT_EQ(collect({.rows_of_one = 50}), Stopped::serial);
  collector_->restart(Position{0});
  batch_.clear();
  EXPECT_EQ(collect(), Stopped::at_end);
  EXPECT_EQ(batch_.changes(), 61U);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
