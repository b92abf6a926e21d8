#include "queue/cursor.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/queue/sample_transactions.hpp"
#include "tests/unit/queue/small_queue.hpp"

namespace pgmirror::queue::testing {
namespace {

using change::Position;
using std::chrono::milliseconds;

class CursorOnQueue : public ::testing::Test {
 protected:
  void write(std::uint64_t first, std::uint64_t last, std::uint64_t sync_every = 1) {
    for (auto position = first; position <= last; ++position) {
      write_sample(*queue, {position});
      if (position % sync_every == 0) queue->sync();
    }
    queue->sync();
  }

  std::shared_ptr<ForgetfulDisk> disk = std::make_shared<ForgetfulDisk>();
  std::unique_ptr<ChangeQueue> queue = open_small(disk);
};

TEST_F(CursorOnQueue, StartsBehindAnyPosition) {
  write(1, 120, 7);
  for (std::uint64_t after = 0; after <= 120; ++after) {
    auto cursor = queue->open_cursor({after});
    EXPECT_EQ(cursor.position(), Position{after});
    EXPECT_EQ(read_all(cursor), samples(after + 1, 120)) << after;
  }
}

TEST_F(CursorOnQueue, StartsBetweenCommitsToo) {
  for (const std::uint64_t position : {10U, 20U, 30U}) write_sample(*queue, {position});
  queue->sync();
  auto cursor = queue->open_cursor({25});
  EXPECT_EQ(read_all(cursor), samples(30, 30));
}

TEST_F(CursorOnQueue, ReadsAgainAfterSeek) {
  write(1, 100, 9);
  auto cursor = queue->open_cursor({});
  EXPECT_EQ(read_all(cursor).size(), 100U);
  for (const std::uint64_t after : {99U, 0U, 13U, 12U, 100U, 50U}) {
    cursor.seek({after});
    EXPECT_EQ(read_all(cursor), samples(after + 1, 100)) << after;
  }
}

TEST_F(CursorOnQueue, SeeksInTheMiddleOfATransaction) {
  write(1, 30, 4);
  auto cursor = queue->open_cursor({12});
  for (int i = 0; i < 40; ++i) ASSERT_NE(cursor.next(), nullptr);
  EXPECT_EQ(cursor.position(), Position{12});
  cursor.seek({12});
  EXPECT_EQ(read_all(cursor), samples(13, 30));
}

TEST_F(CursorOnQueue, FollowsTheWriterStepByStep) {
  auto cursor = queue->open_cursor({});
  for (std::uint64_t position = 1; position <= 150; ++position) {
    write(position, position);
    EXPECT_EQ(read_all(cursor), samples(position, position));
  }
}

TEST_F(CursorOnQueue, GivesOneObjectForOneDefinition) {
  // Between 40 and 59 the samples' tables stay as they are, though many segments define them.
  write(1, 59, 3);
  auto cursor = queue->open_cursor({40});
  std::map<std::string, const change::Relation*> seen;
  std::size_t rows = 0;
  while (const Item* item = cursor.next()) {
    const auto* row = std::get_if<change::RowChange>(item);
    if (row == nullptr) continue;
    const auto [known, is_new] = seen.try_emplace(row->relation->qualified_name(), row->relation.get());
    EXPECT_EQ(known->second, row->relation.get());
    ++rows;
  }
  EXPECT_EQ(seen.size(), 3U);
  EXPECT_GT(rows, 100U);
}

TEST_F(CursorOnQueue, LeavesTuplesValidWhileTheirBlockIsKept) {
  write(1, 100, 10);
  auto cursor = queue->open_cursor({});
  std::vector<std::shared_ptr<const void>> blocks;
  std::vector<std::pair<change::Tuple, std::vector<std::string>>> kept;
  while (const Item* item = cursor.next()) {
    const auto* row = std::get_if<change::RowChange>(item);
    if (row == nullptr) continue;
    if (blocks.empty() || blocks.back() != cursor.current_block()) blocks.push_back(cursor.current_block());
    std::vector<std::string> copies;
    for (const auto& cell : row->new_row)
      copies.emplace_back(cell.kind() >= change::ValueKind::text ? cell.bytes() : "");
    kept.emplace_back(row->new_row, std::move(copies));
  }
  EXPECT_GT(blocks.size(), 10U);
  for (const auto& [row, copies] : kept) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      EXPECT_EQ(row[i].kind() >= change::ValueKind::text ? row[i].bytes() : "", copies[i]);
    }
  }
}

TEST_F(CursorOnQueue, WaitsForTheNextCommit) {
  write(1, 3);
  auto cursor = queue->open_cursor({3});
  EXPECT_FALSE(cursor.wait({}, milliseconds(1)));
  std::jthread writer([this] { write(4, 4); });
  EXPECT_TRUE(cursor.wait({}, std::chrono::minutes(1)));
  writer.join();
  EXPECT_EQ(read_all(cursor), samples(4, 4));
}

TEST_F(CursorOnQueue, StopsWaitingWhenAsked) {
  auto cursor = queue->open_cursor({});
  std::stop_source stop;
  std::jthread stopper([&stop] { stop.request_stop(); });
  EXPECT_FALSE(cursor.wait(stop.get_token(), std::chrono::minutes(1)));
}

TEST_F(CursorOnQueue, OutlivesTheQueue) {
  write(1, 40, 5);
  auto cursor = queue->open_cursor({});
  ASSERT_NE(cursor.next(), nullptr);
  queue.reset();
  cursor.seek({0});
  EXPECT_EQ(read_all(cursor), samples(1, 40));
}

}  // namespace
}  // namespace pgmirror::queue::testing
