#include "sinks/postgres/reading_pace.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace pgmirror::sinks::postgres {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

TEST(ReadingPace, ReadsNoFasterThanAllowed) {
  ReadingPace pace(1'000'000);
  const auto begun = Clock::now();
  for (int piece = 0; piece < 10; ++piece) pace.read(20'000, {});
  EXPECT_GE(Clock::now() - begun, 200ms);
}

TEST(ReadingPace, WithoutALimitNobodyWaits) {
  ReadingPace pace(0);
  const auto begun = Clock::now();
  pace.read(std::uint64_t{1} << 50U, {});
  EXPECT_LT(Clock::now() - begun, 1s);
}

TEST(ReadingPace, WhoeverIsToStopDoesNotWaitForTheRest) {
  ReadingPace pace(1);
  std::stop_source stop;
  std::jthread reading([&] { pace.read(3600, stop.get_token()); });
  const auto begun = Clock::now();
  stop.request_stop();
  reading.join();
  EXPECT_LT(Clock::now() - begun, 30s);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
