#include "queue/change_queue.hpp"

#include <gtest/gtest.h>

#include <random>

#include "queue/damage.hpp"
#include "tests/unit/queue/sample_transactions.hpp"
#include "tests/unit/queue/small_queue.hpp"

namespace pgmirror::queue::testing {
namespace {

using change::Position;

class QueueOnDisk : public ::testing::Test {
 protected:
  void write(std::uint64_t first, std::uint64_t last) {
    for (auto position = first; position <= last; ++position) write_sample(*queue, {position});
    queue->sync();
  }
  std::vector<Transaction> read(std::uint64_t after = 0) {
    auto cursor = queue->open_cursor({after});
    return read_all(cursor);
  }
  void reopen() {
    queue.reset();
    queue = open_small(disk);
  }

  std::shared_ptr<ForgetfulDisk> disk = std::make_shared<ForgetfulDisk>();
  std::unique_ptr<ChangeQueue> queue = open_small(disk);
};

TEST_F(QueueOnDisk, IsEmptyWhenNew) {
  EXPECT_TRUE(queue->recovery().created);
  EXPECT_EQ(queue->end(), Position{});
  EXPECT_EQ(queue->begin_position(), Position{});
  EXPECT_TRUE(read().empty());
}

TEST_F(QueueOnDisk, GivesBackWhatWasWrittenInOrder) {
  write(1, 200);
  EXPECT_GT(queue->usage().segments, 5U);
  EXPECT_EQ(read(), samples(1, 200));
  EXPECT_EQ(queue->end(), Position{200});
}

TEST_F(QueueOnDisk, GivesBackTheSameAfterReopening) {
  write(1, 200);
  reopen();
  EXPECT_FALSE(queue->recovery().created);
  EXPECT_EQ(queue->recovery().torn_bytes, 0U);
  EXPECT_FALSE(queue->recovery().unfinished_transaction);
  EXPECT_EQ(queue->end(), Position{200});
  write(201, 300);
  EXPECT_EQ(read(), samples(1, 300));
}

// A backlog of days has thousands of segments, and each start reads them.
TEST_F(QueueOnDisk, ReadsOnlyTheEndsOfSealedSegmentsWhenItIsOpened) {
  auto options = small_options();
  options.segment_bytes = std::uint64_t{256} << 10U;
  options.block_bytes = 16U << 10U;
  queue.reset();
  disk = std::make_shared<ForgetfulDisk>();
  queue = open_small(disk, options);
  write(1, 4000);
  const auto usage = queue->usage();
  ASSERT_GT(usage.segments, 8U);
  queue.reset();
  const auto before = disk->bytes_read();
  queue = open_small(disk, options);
  EXPECT_LT(disk->bytes_read() - before, 2 * options.segment_bytes + usage.segments * (std::uint64_t{16} << 10U));
  EXPECT_EQ(queue->end(), Position{4000});
}

// What must not be behind the queue is made durable in time also where nobody syncs: a block that is full is written.
TEST_F(QueueOnDisk, LetsTheCallerPrepareBeforeAnyCommitIsWritten) {
  std::uint64_t handed_over = 0;
  std::uint64_t prepared = 0;
  queue->before_commits_are_written([&] { prepared = handed_over; });
  for (std::uint64_t position = 1; position <= 60; ++position) {
    write_sample(*queue, {position});
    handed_over = position;
    // As a kill leaves it: everything written is there, synced or not.
    std::mt19937_64 chance(position);
    const auto found = open_small(disk->after_power_cut(Survival::everything, chance))->end();
    EXPECT_LE(found.value, prepared);
  }
  EXPECT_GT(prepared, 1U);
  EXPECT_LT(prepared, 60U) << "only when it writes";
}

TEST_F(QueueOnDisk, ReopensAfterEveryTransaction) {
  for (std::uint64_t position = 1; position <= 60; ++position) {
    write(position, position);
    reopen();
    EXPECT_EQ(queue->end(), Position{position});
  }
  EXPECT_EQ(read(), samples(1, 60));
}

TEST_F(QueueOnDisk, StartsWhereTheCopyEnded) {
  auto options = small_options();
  options.directory = "/other";
  options.start = {500};
  const auto other = open_small(disk, options);
  EXPECT_EQ(other->begin_position(), Position{500});
  EXPECT_EQ(other->end(), Position{500});
  EXPECT_THROW(other->open_cursor({499}), PositionUnavailable);
  write_sample(*other, {501});
  other->sync();
  auto cursor = other->open_cursor({500});
  EXPECT_EQ(read_all(cursor), samples(501, 501));
}

TEST_F(QueueOnDisk, HidesCommitsUntilTheyAreSynced) {
  write(1, 1);
  auto cursor = queue->open_cursor({});
  EXPECT_EQ(read_all(cursor), samples(1, 1));
  for (std::uint64_t position = 2; position <= 80; ++position) write_sample(*queue, {position});
  const auto seen = queue->end();
  EXPECT_LT(seen, Position{80});
  EXPECT_EQ(read_all(cursor), samples(2, seen.value));
  queue->sync();
  EXPECT_EQ(read_all(cursor), samples(seen.value + 1, 80));
}

TEST_F(QueueOnDisk, HidesATransactionThatIsStillWritten) {
  write(1, 12);
  write_sample_changes(*queue, {13});
  queue->sync();
  EXPECT_EQ(read(), samples(1, 12));
  queue->commit({{13}, sample_time({13})});
  EXPECT_EQ(read(), samples(1, 12));
  queue->sync();
  EXPECT_EQ(read(), samples(1, 13));
}

TEST_F(QueueOnDisk, ForgetsWhatWasRolledBack) {
  write(1, 3);
  auto follower = queue->open_cursor({3});
  for (const std::uint64_t abandoned : {5U, 13U, 26U, 39U}) {
    write_sample_changes(*queue, {abandoned});
    queue->sync();
    EXPECT_TRUE(read_all(follower).empty());
    queue->rollback();
    queue->rollback();
    EXPECT_TRUE(read_all(follower).empty());
  }
  write(4, 50);
  EXPECT_EQ(read(), samples(1, 50));
  EXPECT_EQ(read_all(follower), samples(4, 50));
  reopen();
  EXPECT_EQ(read(), samples(1, 50));
}

TEST_F(QueueOnDisk, DefinesATableAgainWhenItsFirstUseWasRolledBack) {
  write_sample_changes(*queue, {3});
  queue->rollback();
  write(1, 20);
  EXPECT_EQ(read(), samples(1, 20));
}

TEST_F(QueueOnDisk, RolledBackTransactionsDoNotFillTheDisk) {
  write(1, 3);
  std::uint64_t once = 0;
  for (int round = 0; round < 50; ++round) {
    write_sample_changes(*queue, {13});
    queue->sync();
    queue->rollback();
    if (round == 0) once = queue->usage().bytes;
  }
  EXPECT_LT(queue->usage().bytes, once + 50'000);
  EXPECT_EQ(read(), samples(1, 3));
}

TEST_F(QueueOnDisk, ForgetsATransactionThatWasOpenWhenTheAgentDied) {
  write(1, 12);
  write_sample_changes(*queue, {13});
  queue->sync();
  reopen();
  EXPECT_TRUE(queue->recovery().unfinished_transaction);
  EXPECT_EQ(queue->end(), Position{12});
  EXPECT_EQ(read(), samples(1, 12));
  reopen();
  write(13, 40);
  EXPECT_EQ(read(), samples(1, 40));
  reopen();
  EXPECT_EQ(read(), samples(1, 40));
}

TEST_F(QueueOnDisk, TakesARowLargerThanASegment) {
  auto relation = std::make_shared<change::Relation>(
      change::Relation{.schema = "", .name = "big", .columns = {{.name = "a", .declared_type = ""}}, .key = {}});
  std::string large(100'000, ' ');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * i >> 3U);
  const std::vector<change::Value> row{change::Value::blob(large)};
  queue->begin();
  queue->row({change::RowOperation::insert, relation, {}, row});
  queue->row({change::RowOperation::insert, relation, {}, row});
  queue->commit({{1}, sample_time({1})});
  queue->sync();
  auto cursor = queue->open_cursor({});
  ASSERT_TRUE(std::holds_alternative<Begin>(*cursor.next()));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(std::get<change::RowChange>(*cursor.next()).new_row[0], row[0]);
  EXPECT_TRUE(std::holds_alternative<change::Commit>(*cursor.next()));
}

TEST_F(QueueOnDisk, RefusesCommitsOutOfOrder) {
  write(1, 5);
  queue->begin();
  EXPECT_THROW(queue->commit({{5}, sample_time({5})}), std::logic_error);
  queue->rollback();
  write(6, 6);
  EXPECT_EQ(read(), samples(1, 6));
}

TEST_F(QueueOnDisk, RefusesASecondAgent) {
  try {
    open_small(disk);
    FAIL() << "two agents on one queue";
  } catch (const QueueRefused& refused) {
    EXPECT_NE(std::string(refused.what()).find("another pgmirror"), std::string::npos);
  }
  reopen();
}

TEST_F(QueueOnDisk, RefusesTheQueueOfAnotherSource) {
  queue.reset();
  auto options = small_options();
  options.source = {"sqlite:other"};
  try {
    open_small(disk, options);
    FAIL() << "the queue of one source was taken for another";
  } catch (const QueueRefused& refused) {
    EXPECT_NE(std::string(refused.what()).find("sqlite:shop"), std::string::npos);
    EXPECT_NE(std::string(refused.what()).find("sqlite:other"), std::string::npos);
  }
}

TEST_F(QueueOnDisk, SaysWhenAPositionIsBeyondItsEnd) {
  write(1, 5);
  EXPECT_THROW(queue->open_cursor({6}), PositionUnavailable);
  EXPECT_NO_THROW(queue->open_cursor({5}));
}

TEST_F(QueueOnDisk, ForgetsOnlyTheOpenTransactionWhenTheDiskIsFull) {
  write(1, 20);
  write_sample(*queue, {21});
  disk->set_capacity(0);
  queue->begin();
  EXPECT_THROW(
      {
        for (;;) queue->truncate({{std::make_shared<change::Relation>()}});
      },
      DiskFull);
  EXPECT_THROW(queue->sync(), DiskFull);
  EXPECT_EQ(queue->end(), Position{20});
  EXPECT_EQ(read(), samples(1, 20));
  disk->set_capacity(1U << 30U);
  queue->sync();
  EXPECT_EQ(queue->end(), Position{21});
  write(22, 60);
  EXPECT_EQ(read(), samples(1, 60));
  reopen();
  EXPECT_EQ(read(), samples(1, 60));
}

TEST_F(QueueOnDisk, GivesTheSpaceOfAHugeTransactionBackWhenTheDiskIsFull) {
  write(1, 12);
  const auto before = queue->usage().bytes;
  disk->set_capacity(before + 12'000);
  for (int attempt = 0; attempt < 20; ++attempt) {
    EXPECT_THROW(
        {
          for (std::uint64_t i = 0; i < 40; ++i) {
            if (i == 0) queue->begin();
            std::string text(400, ' ');
            for (std::size_t at = 0; at < text.size(); ++at) text[at] = static_cast<char>((at * 7919 + i) * at >> 2U);
            const std::vector<change::Value> row{change::Value::text(text)};
            queue->row({change::RowOperation::insert, std::make_shared<change::Relation>(), {}, row});
          }
        },
        DiskFull);
    EXPECT_LT(queue->usage().bytes, before + 2500);
  }
  disk->set_capacity(1U << 30U);
  write(13, 30);
  EXPECT_EQ(read(), samples(1, 30));
}

TEST_F(QueueOnDisk, NeverRetriesAFailedSync) {
  write(1, 5);
  write_sample(*queue, {6});
  disk->fail_operation(disk->operations() + 2, Fault::io_error);
  EXPECT_THROW(queue->sync(), FsyncError);
  EXPECT_THROW(queue->sync(), std::logic_error);
  EXPECT_THROW(queue->begin(), std::logic_error);
  EXPECT_EQ(queue->end(), Position{5});
}

TEST_F(QueueOnDisk, OneSyncCoversManySmallTransactions) {
  write(1, 1);
  const auto before = disk->syncs().size();
  for (std::uint64_t position = 2; position <= 12; ++position) write_sample(*queue, {position});
  queue->sync();
  EXPECT_EQ(disk->syncs().size(), before + 1);
  queue->sync();
  EXPECT_EQ(disk->syncs().size(), before + 1);
}

TEST_F(QueueOnDisk, WaitsUntilAPositionIsDurable) {
  write(1, 5);
  EXPECT_TRUE(queue->wait_durable({5}, {}, std::chrono::milliseconds(0)));
  EXPECT_FALSE(queue->wait_durable({6}, {}, std::chrono::milliseconds(1)));
}

}  // namespace
}  // namespace pgmirror::queue::testing
