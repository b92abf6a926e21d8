#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "queue/inspection.hpp"
#include "tests/unit/queue/sample_transactions.hpp"
#include "tests/unit/queue/small_queue.hpp"

namespace pgmirror::queue::testing {
namespace {

// Two mirrors follow a writer that rolls back and rolls segments; what both have is released; somebody looks on.
TEST(QueueWithTwoMirrors, GivesBothEverythingInOrder) {
  constexpr std::uint64_t last = 500;
  const auto disk = std::make_shared<ForgetfulDisk>();
  auto options = small_options();
  options.disk_budget_bytes = 160UL * 1024;
  const auto queue = open_small(disk, options);
  std::array<std::atomic<std::uint64_t>, 2> applied{};

  const auto mirror = [&](std::size_t number) {
    auto cursor = queue->open_cursor({});
    std::uint64_t next = 1;
    while (next <= last) {
      if (!cursor.wait({}, std::chrono::minutes(1))) {
        ADD_FAILURE() << "nothing came after " << next - 1;
        return;
      }
      for (const auto& transaction : read_all(cursor)) {
        EXPECT_EQ(transaction, sample({next}));
        ++next;
      }
      applied[number] = next - 1;
      queue->release({std::min(applied[0].load(), applied[1].load())});
    }
  };

  std::jthread first(mirror, 0);
  std::jthread second(mirror, 1);
  std::jthread onlooker([&](std::stop_token stop) {
    while (!stop.stop_requested()) {
      const auto begin = queue->begin_position();
      EXPECT_LE(begin, queue->end());
      EXPECT_LE(queue->backlog(queue->begin_position()).transactions, last);
      EXPECT_GT(queue->usage().segments, 0U);
    }
  });
  for (std::uint64_t position = 1; position <= last; ++position) {
    if (position % 60 == 0) {
      write_sample_changes(*queue, {13});
      queue->rollback();
    }
    write_sample(*queue, {position});
    if (position % 4 == 0) queue->sync();
  }
  queue->sync();
  first.join();
  second.join();
  EXPECT_EQ(applied[0], last);
  EXPECT_EQ(applied[1], last);
}

}  // namespace
}  // namespace pgmirror::queue::testing
