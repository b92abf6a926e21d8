#include "sinks/postgres/batch_pace.hpp"

#include <gtest/gtest.h>

namespace pgmirror::sinks::postgres {
namespace {

using namespace std::chrono_literals;

constexpr BatchPace::Clock::time_point begin = BatchPace::Clock::time_point{} + 1h;

/// Milliseconds between batches once changes come at this rate.
double interval_at(std::uint64_t changes_a_millisecond, BatchPace& pace) {
  auto now = begin;
  for (int batch = 0; batch < 50; ++batch) {
    pace.sent(changes_a_millisecond * 10, now);
    now += 10ms;
  }
  return std::chrono::duration<double, std::milli>(pace.due() - (now - 10ms)).count();
}
double interval_at(std::uint64_t changes_a_millisecond) {
  BatchPace pace;
  return interval_at(changes_a_millisecond, pace);
}

TEST(BatchPace, TheFirstChangesGoAtOnce) { EXPECT_LE(BatchPace().due(), begin); }

TEST(BatchPace, WaitsLongerTheFasterChangesComeButNeverLong) {
  EXPECT_NEAR(interval_at(0), 2, 0.1);
  EXPECT_NEAR(interval_at(2), 2, 0.1);
  EXPECT_NEAR(interval_at(6), 3, 0.2);
  EXPECT_NEAR(interval_at(10), 8, 0.1);
  EXPECT_NEAR(interval_at(1000), 20, 0.1);
}

TEST(BatchPace, ABurstAloneIsNoLoad) {
  BatchPace pace;
  pace.sent(1, begin);
  pace.sent(1000, begin + 1s);
  EXPECT_LE(pace.due() - (begin + 1s), 4ms);
}

TEST(BatchPace, IsQuickAgainWhenTheLoadHasGone) {
  BatchPace pace;
  interval_at(1000, pace);
  auto now = begin + 10s;
  for (int batch = 0; batch < 6; ++batch, now += 100ms) pace.sent(1, now);
  EXPECT_LE(pace.due() - (now - 100ms), 4ms);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
