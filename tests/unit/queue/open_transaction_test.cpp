#include "queue/open_transaction.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/queue/sample_transactions.hpp"
#include "tests/unit/queue/small_queue.hpp"

namespace pgmirror::queue::testing {
namespace {

using change::Position;
using namespace std::chrono_literals;

/// What is there of a transaction now.
struct Read {
  std::string text;
  std::optional<Position> committed;
};

void read_on(OpenTransaction& open, Read& read) {
  while (const Item* item = open.next()) {
    if (const auto* commit = std::get_if<change::Commit>(item)) {
      read.committed = commit->position;
      return;
    }
    read.text += text_of(*item);
  }
}

class TransactionBeingWritten : public ::testing::Test {
 protected:
  void write(std::uint64_t first, std::uint64_t last) {
    for (auto position = first; position <= last; ++position) write_sample(*queue, {position});
  }
  std::optional<OpenTransaction> open(std::uint64_t after, std::uint64_t least_bytes = 500) {
    return queue->reader().open_transaction({after}, least_bytes);
  }

  std::shared_ptr<ForgetfulDisk> disk = std::make_shared<ForgetfulDisk>();
  std::unique_ptr<ChangeQueue> queue = open_small(disk);
};

// The 13th is so large that it fills several segments.
TEST_F(TransactionBeingWritten, IsReadBeforeItsCommitWhichComesWhenItIsDurable) {
  write(1, 12);
  queue->sync();
  write_sample_changes(*queue, {13});
  auto reader = open(12);
  ASSERT_TRUE(reader);
  Read read;
  read_on(*reader, read);
  EXPECT_GT(read.text.size(), 1000U);
  EXPECT_FALSE(read.committed);
  EXPECT_TRUE(sample({13}).text.starts_with(read.text));
  EXPECT_GT(queue->usage().segments, 2U);

  queue->commit({{13}, sample_time({13})});
  write(14, 25);
  read_on(*reader, read);
  EXPECT_EQ(read.text, sample({13}).text) << "all of it is written, for others follow";
  if (queue->end() < Position{13}) {
    EXPECT_FALSE(read.committed);
  }
  queue->sync();
  read_on(*reader, read);
  EXPECT_EQ(read.text, sample({13}).text);
  EXPECT_EQ(read.committed, Position{13});
}

TEST_F(TransactionBeingWritten, IsForWhoHasAllBeforeItOnly) {
  write(1, 12);
  queue->sync();
  write_sample_changes(*queue, {13});
  EXPECT_FALSE(open(11));
  EXPECT_FALSE(open(12, 1'000'000));
  EXPECT_TRUE(open(12));
  queue->commit({{13}, sample_time({13})});
  queue->sync();
  EXPECT_FALSE(open(12));
  EXPECT_FALSE(open(13));
}

// Where no segment ends meanwhile, which would do it, too.
TEST_F(TransactionBeingWritten, MakesTheCommitsBeforeItDurable) {
  auto options = small_options();
  options.directory = "/one_segment";
  options.segment_bytes = std::uint64_t{1} << 20U;
  queue = open_small(disk, options);
  write(1, 12);
  EXPECT_LT(queue->end(), Position{12});
  write_sample_changes(*queue, {13});
  EXPECT_EQ(queue->end(), Position{12});
  EXPECT_TRUE(open(12));
}

TEST_F(TransactionBeingWritten, CanBeTakenBackWhileItIsRead) {
  write(1, 12);
  queue->sync();
  write_sample_changes(*queue, {13});
  auto reader = open(12);
  ASSERT_TRUE(reader);
  ASSERT_NE(reader->next(), nullptr);
  auto waiting = open(12);
  Read read;
  read_on(*waiting, read);
  EXPECT_FALSE(waiting->wait({}, 1ms));

  queue->rollback();
  EXPECT_TRUE(waiting->wait({}, 1min)) << "there is something to be told";
  EXPECT_THROW(waiting->next(), TransactionAbandoned);
  EXPECT_THROW(read_on(*reader, read), TransactionAbandoned);
  EXPECT_FALSE(open(12));

  // Another one at the same place.
  write_sample_changes(*queue, {26});
  auto again = open(12);
  ASSERT_TRUE(again);
  EXPECT_THROW(waiting->next(), TransactionAbandoned);
  queue->commit({{26}, sample_time({26})});
  queue->sync();
  Read other;
  read_on(*again, other);
  EXPECT_EQ(other.text, sample({26}).text);
  EXPECT_EQ(other.committed, Position{26});
}

TEST_F(TransactionBeingWritten, WakesWhoWaitsForIt) {
  write(1, 12);
  queue->sync();
  const auto reader = queue->reader();
  EXPECT_FALSE(reader.wait_for_more({12}, 500, {}, 1ms));
  std::jthread writer([this] { write_sample_changes(*queue, {13}); });
  EXPECT_TRUE(reader.wait_for_more({12}, 500, {}, 1min));
  writer.join();
  EXPECT_TRUE(open(12));
  queue->rollback();
  EXPECT_FALSE(reader.wait_for_more({12}, 500, {}, 1ms));
  write(14, 14);
  queue->sync();
  EXPECT_TRUE(reader.wait_for_more({12}, 500, {}, 1min));
}

// Reads each transaction from whichever side it comes first, beside a writer that takes back many.
TEST_F(TransactionBeingWritten, IsExactBesideAWriterThatTakesBack) {
  constexpr std::uint64_t last = 1300;
  std::jthread writer([this] {
    for (std::uint64_t position = 1; position <= last; ++position) {
      for (int again = 0; position % 13 == 0 && again < 3; ++again) {
        write_sample_changes(*queue, {position + std::uint64_t{13} * static_cast<std::uint64_t>(again)});
        queue->rollback();
      }
      write_sample(*queue, {position});
      if (position % 3 == 0) queue->sync();
    }
    queue->sync();
  });
  const auto reader = queue->reader();
  auto cursor = reader.open_cursor({});
  std::uint64_t done = 0;
  unsigned early = 0;
  unsigned abandoned = 0;
  while (done < last) {
    ASSERT_TRUE(reader.wait_for_more({done}, 500, {}, 1min)) << "nothing came after " << done;
    try {
      if (auto open = reader.open_transaction({done}, 500)) {
        Read read;
        for (read_on(*open, read); !read.committed; read_on(*open, read)) open->wait({}, 1min);
        ASSERT_EQ(*read.committed, Position{done + 1});
        EXPECT_EQ(read.text, sample({done + 1}).text);
        ++early;
        ++done;
        cursor.seek({done});
      }
    } catch (const TransactionAbandoned&) {
      ++abandoned;
    }
    for (const Transaction& transaction : read_all(cursor)) {
      EXPECT_EQ(transaction, sample({done + 1}));
      ++done;
    }
  }
  RecordProperty("early", static_cast<int>(early));
  RecordProperty("abandoned", static_cast<int>(abandoned));
}

}  // namespace
}  // namespace pgmirror::queue::testing
