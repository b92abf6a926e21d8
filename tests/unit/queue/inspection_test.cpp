#include "queue/inspection.hpp"

#include <gtest/gtest.h>

#include "queue/segment_header.hpp"
#include "tests/unit/queue/sample_transactions.hpp"
#include "tests/unit/queue/small_queue.hpp"

namespace pgmirror::queue::testing {
namespace {

using change::Position;

TEST(Inspection, SumsUpWhatIsThere) {
  const auto disk = std::make_shared<ForgetfulDisk>();
  auto queue = open_small(disk);
  for (std::uint64_t position = 1; position <= 60; ++position) {
    write_sample(*queue, {position});
    queue->sync();
  }
  const auto bytes = queue->usage().bytes;
  for (const auto depth : {Depth::headers, Depth::contents}) {
    const auto report = inspect("/queue", depth, *disk);
    EXPECT_TRUE(report.held);
    EXPECT_FALSE(report.damage.has_value());
    EXPECT_EQ(report.source.text, "sqlite:shop");
    EXPECT_EQ(report.segments.size(), queue->usage().segments);
    std::uint64_t transactions = 0;
    std::uint64_t file_bytes = 0;
    Position last;
    for (const auto& segment : report.segments) {
      EXPECT_EQ(segment.after, last);
      EXPECT_EQ(segment.sealed, &segment != &report.segments.back());
      EXPECT_GT(segment.raw_bytes, 0U);
      transactions += segment.transactions;
      file_bytes += segment.file_bytes;
      last = segment.last;
    }
    EXPECT_EQ(transactions, 60U);
    EXPECT_EQ(file_bytes, bytes);
    EXPECT_EQ(last, Position{60});
    EXPECT_EQ(report.segments.front().first_commit, sample_time({1}));
    EXPECT_EQ(report.segments.back().last_commit, sample_time({60}));
  }
  queue.reset();
  EXPECT_FALSE(inspect("/queue", Depth::headers, *disk).held);
}

TEST(Inspection, CountsATornTailAndLeavesIt) {
  const auto disk = std::make_shared<ForgetfulDisk>();
  auto queue = open_small(disk);
  write_sample(*queue, {1});
  queue->sync();
  queue.reset();
  const auto path = "/queue/" + segment_file_name(1);
  auto content = disk->content(path);
  content.at(inspect("/queue", Depth::headers, *disk).segments[0].stored_bytes + 9) = 'x';
  disk->set_content(path, content);
  const auto report = inspect("/queue", Depth::contents, *disk);
  EXPECT_EQ(report.tail_bytes, 10U);
  EXPECT_FALSE(report.damage.has_value());
  EXPECT_EQ(disk->content(path), content);
}

TEST(Inspection, SaysWhereThereIsNoQueue) {
  ForgetfulDisk disk;
  EXPECT_THROW(inspect("/nothing", Depth::headers, disk), std::runtime_error);
}

}  // namespace
}  // namespace pgmirror::queue::testing
