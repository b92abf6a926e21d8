#include "sinks/postgres/copy_progress.hpp"

#include <gtest/gtest.h>

namespace pgmirror::sinks::postgres {
namespace {

using namespace std::chrono_literals;

constexpr CopyList::Clock::time_point start{};

TEST(CopyProgress, SaysHowLongItWillTake) {
  CopyList list(nullptr, {{"users", 480000}}, start);
  CopyProgress progress(list, "users", 480000, start);
  progress.add(120000, start + 500ms);
  EXPECT_EQ(progress.line(start + 1300ms), "users 120000/480000 rows (25 %), 92k rows/s, 4 s left");
}

TEST(CopyProgress, SaysHowLongAllTablesWillTake) {
  CopyList list(nullptr, {{"users", 400}, {"orders", 1000}, {"nobody counted", {}}}, start);
  {
    CopyProgress users(list, "users", 400, start);
    users.add(400, start + 1s);
  }
  CopyProgress orders(list, "orders", 1000, start + 1s);
  orders.add(300, start + 2s);
  EXPECT_EQ(orders.line(start + 2s), "orders 300/1000 rows (30 %), 300 rows/s, 2 s left; of 3 tables 50 %, 2 s left");
}

TEST(CopyProgress, PromisesNothingWithoutACount) {
  CopyList list(nullptr, {{"users", {}}, {"orders", {}}}, start);
  CopyProgress progress(list, "users", std::nullopt, start);
  progress.add(500, start);
  EXPECT_EQ(progress.line(start + 1s), "users 500 rows, 500 rows/s");
}

TEST(CopyProgress, PromisesNothingWhereTheTableHasGrown) {
  CopyList list(nullptr, {{"users", 10}, {"orders", 20}}, start);
  CopyProgress grown(list, "users", 10, start);
  grown.add(500, start);
  EXPECT_EQ(grown.line(start + 1s), "users 500 rows, 500 rows/s");
}

TEST(CopyProgress, ShowsTheTableAtHandThoseThatWaitAndAll) {
  StatusBoard board({});
  {
    CopyList list(&board, {{"users", 400}, {"orders", 600}, {"log", {}}}, start);
    EXPECT_EQ(board.read().copy->waiting, (std::vector<std::string>{"users", "orders", "log"}));
    EXPECT_EQ(board.read().copy->of_all.expected, 1000U);
    list.begin("users", start);
    CopyProgress progress(list, "users", 400, start);
    progress.add(100, start + 2s);
    const CopyStatus copy = *board.read().copy;
    EXPECT_EQ(copy.table, "users");
    EXPECT_EQ(copy.of_table.rows, 100U);
    EXPECT_EQ(copy.of_table.expected, 400U);
    EXPECT_DOUBLE_EQ(copy.of_table.rows_per_second, 50);
    EXPECT_DOUBLE_EQ(copy.of_table.remaining->count(), 6);
    EXPECT_EQ(copy.of_all.rows, 100U);
    EXPECT_DOUBLE_EQ(copy.of_all.remaining->count(), 18);
    EXPECT_EQ(copy.waiting, (std::vector<std::string>{"orders", "log"}));
  }
  EXPECT_FALSE(board.read().copy);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
