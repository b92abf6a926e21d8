#include "sinks/postgres/block_queue.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace pgmirror::sinks::postgres {
namespace {

CopyBlock block(std::uint64_t rows) {
  CopyBlock made;
  made.rows = rows;
  return made;
}

TEST(BlockQueue, HandsBlocksOverInOrderAndBounded) {
  BlockQueue queue(2);
  std::vector<std::uint64_t> seen;
  std::jthread reader([&] {
    while (auto next = queue.pop()) seen.push_back(next->rows);
  });
  for (std::uint64_t i = 0; i < 1000; ++i) ASSERT_TRUE(queue.push(block(i)));
  queue.complete();
  reader.join();
  ASSERT_EQ(seen.size(), 1000U);
  for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_EQ(seen[i], i);
}

TEST(BlockQueue, AReaderThatGivesUpFreesTheWriter) {
  BlockQueue queue(1);
  ASSERT_TRUE(queue.push(block(1)));
  std::jthread reader([&] { queue.give_up(); });
  EXPECT_FALSE(queue.push(block(2)));
  EXPECT_FALSE(queue.pop().has_value());
}

TEST(BlockQueue, ARecycledBlockIsEmpty) {
  BlockQueue queue(1);
  CopyBlock used = block(5);
  used.bytes = "rows";
  used.allow_null = {1};
  queue.recycle(std::move(used));
  const CopyBlock fresh = queue.fresh();
  EXPECT_EQ(fresh.rows, 0U);
  EXPECT_TRUE(fresh.bytes.empty());
  EXPECT_TRUE(fresh.allow_null.empty());
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
