#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "tests/unit/queue/sample_transactions.hpp"
#include "tests/unit/queue/small_queue.hpp"

namespace pgmirror::queue::testing {
namespace {

using change::Position;
using std::chrono::seconds;

// Commit times of samples lie in 2023, so that a retention in years holds everything.
class QueueWithBudget : public ::testing::Test {
 protected:
  Options options(seconds retention = seconds{0}) {
    auto chosen = small_options();
    chosen.disk_budget_bytes = 256UL * 1024;
    chosen.retention = retention;
    return chosen;
  }
  void open(seconds retention = seconds{0}) {
    queue.reset();
    queue = open_small(disk, options(retention));
  }
  void write(std::uint64_t last) {
    for (auto position = queue->end().value + 1; position <= last; ++position) {
      write_sample(*queue, {position});
      queue->sync();
    }
  }
  // Until begin() would block.
  void fill() {
    while (queue->usage().bytes < queue->usage().budget_bytes) write(queue->end().value + 1);
  }

  std::shared_ptr<ForgetfulDisk> disk = std::make_shared<ForgetfulDisk>();
  std::unique_ptr<ChangeQueue> queue;
};

TEST_F(QueueWithBudget, DeletesOnlySegmentsThatNobodyNeeds) {
  open();
  write(60);
  const auto before = queue->usage();
  queue->release({0});
  EXPECT_EQ(queue->usage().segments, before.segments);
  for (std::uint64_t released = 1; released <= 60; ++released) {
    queue->release({released});
    EXPECT_LE(queue->begin_position(), Position{released});
    auto cursor = queue->open_cursor({released});
    EXPECT_EQ(read_all(cursor), samples(released + 1, 60));
  }
  EXPECT_EQ(queue->usage().segments, 1U);
  EXPECT_LT(queue->usage().bytes, before.bytes);
  EXPECT_GT(queue->begin_position(), Position{20});
  EXPECT_THROW(queue->open_cursor({5}), PositionUnavailable);
}

TEST_F(QueueWithBudget, TellsWhenTheCommitBehindACursorWasMadeEvenWhenItIsDeleted) {
  open();
  write(60);
  EXPECT_EQ(queue->open_cursor({0}).start_time(), std::nullopt);
  for (std::uint64_t position = 1; position <= 60; ++position) {
    queue->release({position});
    EXPECT_EQ(queue->open_cursor({position}).start_time(), sample_time({position}));
  }
  auto cursor = queue->open_cursor({60});
  cursor.seek({59});
  EXPECT_EQ(cursor.start_time(), sample_time({59}));
}

TEST_F(QueueWithBudget, BeginsAtTheSamePlaceAfterReopening) {
  open();
  write(60);
  for (std::uint64_t released = 1; released <= 60; ++released) {
    queue->release({released});
    const auto begin = queue->begin_position();
    open();
    EXPECT_EQ(queue->begin_position(), begin);
    EXPECT_EQ(queue->end(), Position{60});
    auto cursor = queue->open_cursor(begin);
    EXPECT_EQ(read_all(cursor), samples(begin.value + 1, 60));
  }
}

TEST_F(QueueWithBudget, KeepsWhatIsYoungerThanTheRetention) {
  open(std::chrono::years{100});
  write(40);
  const auto segments = queue->usage().segments;
  queue->release({40});
  EXPECT_EQ(queue->usage().segments, segments);
  open();
  queue->release({40});
  EXPECT_EQ(queue->usage().segments, 1U);
}

TEST_F(QueueWithBudget, BlocksUntilThereIsSpaceAgain) {
  open();
  fill();
  const auto end = queue->end();
  std::promise<void> begun;
  std::jthread writer([&] {
    queue->begin();
    begun.set_value();
    queue->rollback();
  });
  const auto result = begun.get_future();
  while (!queue->usage().blocked_since) std::this_thread::yield();
  EXPECT_EQ(result.wait_for(seconds{0}), std::future_status::timeout);
  queue->release({end.value / 2});
  result.wait();
  writer.join();
  EXPECT_FALSE(queue->usage().blocked_since);
  auto cursor = queue->open_cursor({end.value / 2});
  EXPECT_EQ(read_all(cursor), samples(end.value / 2 + 1, end.value));
}

TEST_F(QueueWithBudget, MakesWhatItHoldsReadableBeforeItBlocks) {
  open();
  const auto last = [this] {
    std::uint64_t position = 0;
    while (queue->usage().bytes < queue->usage().budget_bytes) write_sample(*queue, {++position});
    return position;
  }();
  std::jthread writer([&] { EXPECT_THROW(queue->begin(), Interrupted); });
  EXPECT_TRUE(queue->wait_durable({last}, {}, std::chrono::minutes(1)));
  queue->interrupt();
}

TEST_F(QueueWithBudget, StopsBlockingWhenInterrupted) {
  open();
  fill();
  queue->interrupt();
  EXPECT_THROW(queue->begin(), Interrupted);
  EXPECT_THROW(queue->begin(), Interrupted);
  queue->sync();
  queue->release(queue->end());
  queue->begin();
  queue->rollback();
}

TEST_F(QueueWithBudget, NeverBlocksInsideATransaction) {
  open();
  queue->begin();
  auto relation = std::make_shared<change::Relation>(
      change::Relation{.schema = "", .name = "t", .columns = {{.name = "a", .declared_type = ""}}, .key = {}});
  std::mt19937_64 chance(1);
  for (int i = 0; i < 8000; ++i) {
    std::string noise(100, ' ');
    for (char& byte : noise) byte = static_cast<char>(chance());
    const std::vector<change::Value> row{change::Value::blob(noise)};
    queue->row({change::RowOperation::insert, relation, {}, row});
  }
  queue->commit({{1}, sample_time({1})});
  queue->sync();
  EXPECT_GT(queue->usage().bytes, 2 * queue->usage().budget_bytes);
}

TEST_F(QueueWithBudget, PrefersNewChangesToTheRetention) {
  open(std::chrono::years{100});
  write(20);
  queue->release({20});
  fill();
  queue->release({queue->end()});
  // Everything is applied, so nothing blocks, though the retention would keep it.
  for (int i = 0; i < 300; ++i) {
    write(queue->end().value + 1);
    queue->release({queue->end()});
  }
  EXPECT_LT(queue->usage().bytes, 2 * queue->usage().budget_bytes);
}

TEST_F(QueueWithBudget, DoesNotBlockForTheNewestSegmentWhenAllIsApplied) {
  auto chosen = options();
  open();
  auto relation = std::make_shared<change::Relation>(
      change::Relation{.schema = "", .name = "t", .columns = {{.name = "a", .declared_type = ""}}, .key = {}});
  const std::string large(400'000, 'x');
  chosen.compression_level = 0;
  queue.reset();
  queue = open_small(disk, chosen);
  for (std::uint64_t position = 1; position <= 5; ++position) {
    const std::vector<change::Value> row{change::Value::text(large)};
    queue->begin();
    queue->row({change::RowOperation::insert, relation, {}, row});
    queue->commit({{position}, sample_time({position})});
    queue->sync();
    EXPECT_GT(queue->usage().bytes, queue->usage().budget_bytes);
    queue->release({position});
  }
  queue->begin();
  queue->rollback();
  EXPECT_LT(queue->usage().bytes, queue->usage().budget_bytes);
  EXPECT_EQ(queue->begin_position(), Position{5});
  auto cursor = queue->open_cursor({5});
  write(6);
  EXPECT_EQ(read_all(cursor), samples(6, 6));
  queue.reset();
  queue = open_small(disk, chosen);
  EXPECT_EQ(queue->begin_position(), Position{5});
  EXPECT_EQ(queue->end(), Position{6});
}

TEST_F(QueueWithBudget, AReaderThatIsTooLateIsToldSo) {
  open();
  write(60);
  auto cursor = queue->open_cursor({0});
  ASSERT_NE(cursor.next(), nullptr);
  queue->release({60});
  EXPECT_THROW(
      {
        while (cursor.next() != nullptr) {
        }
      },
      PositionUnavailable);
  EXPECT_THROW(cursor.seek({0}), PositionUnavailable);
}

TEST_F(QueueWithBudget, TellsAboutItsUse) {
  open();
  EXPECT_FALSE(queue->usage().oldest_commit.has_value());
  write(60);
  const auto usage = queue->usage();
  std::uint64_t bytes = 0;
  std::size_t segments = 0;
  for (const auto& name : disk->list("/queue")) {
    bytes += disk->content("/queue/" + name).size();
    ++segments;
  }
  EXPECT_EQ(usage.bytes, bytes);
  EXPECT_EQ(usage.segments, segments);
  EXPECT_EQ(usage.oldest_commit, sample_time({1}));
}

TEST_F(QueueWithBudget, EstimatesTheBacklog) {
  open();
  for (std::uint64_t position = 1; position <= 100; ++position) {
    write_sample(*queue, {position});
    if (position % 5 == 0) queue->sync();
  }
  EXPECT_EQ(queue->backlog({0}).transactions, 100U);
  EXPECT_EQ(queue->backlog({0}).oldest_commit, sample_time({1}));
  EXPECT_EQ(queue->backlog({100}).transactions, 0U);
  EXPECT_EQ(queue->backlog({100}).bytes, 0U);
  EXPECT_FALSE(queue->backlog({100}).oldest_commit.has_value());
  auto before = queue->backlog({0});
  for (std::uint64_t after = 1; after <= 100; ++after) {
    const auto backlog = queue->backlog({after});
    EXPECT_NEAR(static_cast<double>(backlog.transactions), static_cast<double>(100 - after), 4.0) << after;
    EXPECT_LE(backlog.changes, before.changes + 1);
    EXPECT_LE(backlog.bytes, before.bytes + 1);
    before = backlog;
  }
  const auto last = queue->backlog({95});
  EXPECT_EQ(last.transactions, 5U);
  EXPECT_EQ(last.oldest_commit, sample_time({96}));
}

TEST_F(QueueWithBudget, RefusesABudgetThatHoldsNothing) {
  auto chosen = options();
  chosen.disk_budget_bytes = 1000;
  EXPECT_THROW(open_small(disk, chosen), std::invalid_argument);
}

}  // namespace
}  // namespace pgmirror::queue::testing
