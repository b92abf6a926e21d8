#include "capture/postgres/sync_pace.hpp"

#include <gtest/gtest.h>

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;
using capture::postgres::SyncPace;

class Pace : public testing::Test {
 protected:
  bool due(std::uint64_t commits, bool more_waits = false) const { return pace_.due(commits, more_waits, now_); }
  /// `commits` come within `time` and are synced.
  void pass(std::uint64_t commits, std::chrono::milliseconds time) {
    now_ += time;
    pace_.synced(commits, now_);
  }

  SyncPace pace_;
  SyncPace::Clock::time_point now_{1h};
};

TEST_F(Pace, SyncsASingleCommitAtOnce) {
  EXPECT_TRUE(due(1));
  for (int i = 0; i < 10; ++i) {
    pass(1, 1ms);
    EXPECT_TRUE(due(1)) << "a thousand a second";
  }
  EXPECT_FALSE(due(0));
}

TEST_F(Pace, WaitsForWhatCanBeReadAlready) {
  pass(1, 1ms);
  now_ += 2ms;
  EXPECT_FALSE(due(3, true));
  now_ += 8ms;
  EXPECT_TRUE(due(3, true)) << "but not for ever";
}

TEST_F(Pace, LetsManyCommitsWaitForEachOther) {
  for (int i = 0; i < 10; ++i) pass(5, 1ms);
  now_ += 2ms;
  EXPECT_FALSE(due(10));
  EXPECT_EQ(pace_.left(now_), 8ms);
  now_ += 8ms;
  EXPECT_TRUE(due(50));
  pace_.synced(50, now_);
  pass(10, 10ms);
  pass(10, 10ms);
  EXPECT_TRUE(due(1)) << "fewer come again";
}

TEST_F(Pace, ABunchOfCommitsIsNotMany) {
  for (int i = 0; i < 10; ++i) pass(1, 1ms);
  pass(4, 1ms);
  EXPECT_TRUE(due(1));
}

}  // namespace
}  // namespace pgmirror::tests
