#include "sinks/postgres/copy_progress.hpp"

#include <gtest/gtest.h>

namespace pgmirror::sinks::postgres {
namespace {

using namespace std::chrono_literals;

TEST(CopyProgress, SaysHowLongItWillTake) {
  const CopyProgress::Clock::time_point start{};
  CopyProgress progress("users", 480000, nullptr, start);
  progress.add(120000, start + 500ms);
  EXPECT_EQ(progress.line(start + 1300ms), "users 120000/480000 rows (25 %), 92k rows/s, 4 s left");
}

TEST(CopyProgress, PromisesNothingWithoutACount) {
  const CopyProgress::Clock::time_point start{};
  CopyProgress progress("users", std::nullopt, nullptr, start);
  progress.add(500, start);
  EXPECT_EQ(progress.line(start + 1s), "users 500 rows, 500 rows/s");
  CopyProgress grown("users", 10, nullptr, start);
  grown.add(500, start);
  EXPECT_EQ(grown.line(start + 1s), "users 500 rows, 500 rows/s");
}

TEST(CopyProgress, ShowsTheTableAtHandAndThoseThatWait) {
  StatusBoard board({});
  {
    CopyList list(&board, {"users", "orders", "log"});
    EXPECT_EQ(board.read().copy->waiting, (std::vector<std::string>{"users", "orders", "log"}));
    list.begin("users");
    const CopyProgress::Clock::time_point start{};
    CopyProgress progress("users", 400, &board, start);
    progress.add(100, start + std::chrono::seconds{2});
    const CopyStatus copy = *board.read().copy;
    EXPECT_EQ(copy.table, "users");
    EXPECT_EQ(copy.rows, 100U);
    EXPECT_EQ(copy.expected, 400U);
    EXPECT_DOUBLE_EQ(copy.rows_per_second, 50);
    EXPECT_DOUBLE_EQ(copy.remaining->count(), 6);
    EXPECT_EQ(copy.waiting, (std::vector<std::string>{"orders", "log"}));
  }
  EXPECT_FALSE(board.read().copy);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
