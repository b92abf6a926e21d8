#include "capture/sqlite/batch_queue.hpp"

#include <gtest/gtest.h>

namespace pgmirror::capture::sqlite {
namespace {

using namespace std::chrono_literals;
using Moment = std::chrono::steady_clock::time_point;

class MarkedQueue : public testing::Test {
 protected:
  void push() { ASSERT_TRUE(queue_.push({}, {})); }
  void work() {
    ASSERT_TRUE(queue_.pop(0us, {}));
    queue_.finish();
  }

  BatchQueue queue_{1024};
  const Moment start_{};
};

TEST_F(MarkedQueue, HasNothingBeforeTheFirstLook) { EXPECT_EQ(queue_.finished_until(), std::nullopt); }

TEST_F(MarkedQueue, LookThatFindsNothingNewCountsAtOnce) {
  queue_.read_until(start_ + 1s);
  EXPECT_EQ(queue_.finished_until(), start_ + 1s);
}

TEST_F(MarkedQueue, LookCountsWhenItsLastBatchIsFinished) {
  queue_.read_until(start_ + 1s);
  push();
  push();
  queue_.read_until(start_ + 2s);
  work();
  EXPECT_EQ(queue_.finished_until(), start_ + 1s);
  ASSERT_TRUE(queue_.pop(0us, {}));
  EXPECT_EQ(queue_.finished_until(), start_ + 1s);
  queue_.finish();
  EXPECT_EQ(queue_.finished_until(), start_ + 2s);
}

TEST_F(MarkedQueue, LaterLooksBelongToTheBatchesBeforeThem) {
  push();
  queue_.read_until(start_ + 1s);
  queue_.read_until(start_ + 2s);
  push();
  queue_.read_until(start_ + 3s);
  work();
  EXPECT_EQ(queue_.finished_until(), start_ + 2s);
  work();
  EXPECT_EQ(queue_.finished_until(), start_ + 3s);
}

}  // namespace
}  // namespace pgmirror::capture::sqlite
