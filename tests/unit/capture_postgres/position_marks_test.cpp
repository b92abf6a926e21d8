#include "capture/postgres/position_marks.hpp"

#include <gtest/gtest.h>

namespace pgmirror::capture::postgres {
namespace {

using change::Position;

/// Without that a copy of a source where nothing happens begins when the follower looks by itself.
TEST(PositionMarks, WakeWhoeverFollows) {
  PositionMarks marks;
  int woken = 0;
  {
    const PositionMarks::Watch watch(marks, [&woken] { ++woken; });
    marks.want({.position = Position{10}});
    EXPECT_EQ(woken, 1);
  }
  marks.want({.position = Position{20}});
  EXPECT_EQ(woken, 1);
}

TEST(PositionMarks, NobodyIsWokenForOneThatIsReached) {
  PositionMarks marks;
  marks.reached(Position{10});
  int woken = 0;
  const PositionMarks::Watch watch(marks, [&woken] { ++woken; });
  marks.want({.position = Position{10}});
  EXPECT_EQ(woken, 0);
  EXPECT_FALSE(marks.any());
  marks.want({.position = Position{10}, .tell = [](change::TransactionWriter&) {}});
  EXPECT_EQ(woken, 1);
  EXPECT_TRUE(marks.any());
}

}  // namespace
}  // namespace pgmirror::capture::postgres
