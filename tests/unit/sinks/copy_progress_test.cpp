#include "sinks/postgres/copy_progress.hpp"

#include <gtest/gtest.h>

namespace pgmirror::sinks::postgres {
namespace {

using namespace std::chrono_literals;

TEST(CopyProgress, SaysHowLongItWillTake) {
  const CopyProgress::Clock::time_point start{};
  CopyProgress progress("users", 480000, start);
  progress.add(120000, start + 500ms);
  EXPECT_EQ(progress.line(start + 1300ms), "users 120000/480000 rows (25 %), 92k rows/s, 4 s left");
}

TEST(CopyProgress, PromisesNothingWithoutACount) {
  const CopyProgress::Clock::time_point start{};
  CopyProgress progress("users", std::nullopt, start);
  progress.add(500, start);
  EXPECT_EQ(progress.line(start + 1s), "users 500 rows, 500 rows/s");
  CopyProgress grown("users", 10, start);
  grown.add(500, start);
  EXPECT_EQ(grown.line(start + 1s), "users 500 rows, 500 rows/s");
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
