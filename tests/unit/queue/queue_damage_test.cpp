#include <gtest/gtest.h>

#include <cstring>
#include <utility>

#include "queue/damage.hpp"
#include "queue/inspection.hpp"
#include "queue/segment_reader.hpp"
#include "tests/unit/queue/sample_transactions.hpp"
#include "tests/unit/queue/small_queue.hpp"

namespace pgmirror::queue::testing {
namespace {

using change::Position;

std::string segment_path(std::uint64_t sequence) { return "/queue/" + segment_file_name(sequence); }

class DamagedQueue : public ::testing::Test {
 protected:
  // One sync a transaction, so that every block knows that the one before it is on disk.
  void fill(std::uint64_t last) {
    const auto queue = open_small(disk);
    for (std::uint64_t position = queue->end().value + 1; position <= last; ++position) {
      write_sample(*queue, {position});
      queue->sync();
    }
    newest = queue->usage().segments;
  }

  void flip(std::uint64_t segment, std::uint64_t offset, unsigned bit = 0) {
    auto content = disk->content(segment_path(segment));
    content.at(offset) = static_cast<char>(content.at(offset) ^ (1 << bit));
    disk->set_content(segment_path(segment), content);
  }

  struct Place {
    std::uint64_t offset;
    BlockHeader header;
    Position before;  // the last commit before the block
  };
  std::vector<Place> blocks(std::uint64_t segment) const {
    std::vector<Place> found;
    const SegmentReader reader(*disk, segment_path(segment));
    auto before = reader.header().after;
    for (auto place = reader.start(); auto header = reader.try_header(place);) {
      found.push_back({place.offset, *header, before});
      before = header->last;
      place = SegmentReader::after(place, *header);
    }
    return found;
  }

  std::vector<Transaction> read() {
    const auto queue = open_small(disk);
    auto cursor = queue->open_cursor(queue->begin_position());
    return read_all(cursor);
  }

  Damage damage_found() {
    try {
      read();
    } catch (const Damage& damage) {
      return damage;
    }
    throw std::runtime_error("the damage was not noticed");
  }

  std::shared_ptr<ForgetfulDisk> disk = std::make_shared<ForgetfulDisk>();
  std::uint64_t newest = 0;
};

TEST_F(DamagedQueue, LosesOnlyTheTornTailWhereverItIsCut) {
  fill(38);
  const auto whole = disk->content(segment_path(newest));
  const auto found = blocks(newest);
  ASSERT_GT(found.size(), 3U);
  const auto end = found.back().offset + found.back().header.total_bytes();
  for (auto size = found.front().offset; size <= end; ++size) {
    Position expected = found.front().before;
    std::uint64_t last_whole = found.front().offset;
    for (const auto& [offset, header, before] : found) {
      if (offset + header.total_bytes() > size) break;
      last_whole = offset + header.total_bytes();
      expected = header.last;
    }
    std::mt19937_64 chance;
    const auto torn = disk->after_power_cut(Survival::everything, chance);
    torn->set_content(segment_path(newest), whole.substr(0, size));
    const auto queue = open_small(torn);
    ASSERT_EQ(queue->end(), expected) << size;
    ASSERT_LE(queue->recovery().torn_bytes, size - last_whole);
    if (size != last_whole) continue;
    auto cursor = queue->open_cursor({});
    ASSERT_EQ(read_all(cursor), samples(1, expected.value));
  }
}

TEST_F(DamagedQueue, GoesOnBehindACutTail) {
  fill(40);
  const auto last = blocks(newest).back();
  auto content = disk->content(segment_path(newest));
  content.resize(last.offset + last.header.total_bytes() - 1);
  disk->set_content(segment_path(newest), content);
  {
    const auto queue = open_small(disk);
    EXPECT_EQ(queue->recovery().torn_bytes, last.header.total_bytes() - 1);
    EXPECT_EQ(queue->end(), Position{39});
  }
  fill(60);
  EXPECT_EQ(read(), samples(1, 60));
}

TEST_F(DamagedQueue, StopsAtAFlippedBitBeforeTheTail) {
  fill(60);
  // The newest segment is walked at opening, older ones when they are read: both must notice, whatever byte it is.
  for (const auto segment : {newest, std::uint64_t{2}}) {
    const auto found = blocks(segment);
    ASSERT_GT(found.size(), 2U);
    const auto& [offset, header, before] = found[1];
    for (std::uint64_t byte = 0; byte < header.total_bytes(); byte += byte < BlockHeader::size ? 1 : 37) {
      flip(segment, offset + byte, byte % 8);
      const auto damage = damage_found();
      EXPECT_EQ(damage.file(), segment_file_name(segment));
      // A header alone cannot tell that its block's checksum changed, but the next header can.
      const auto next = offset + header.total_bytes();
      EXPECT_TRUE(damage.offset() == offset || (byte < 8 && damage.offset() == next)) << byte;
      flip(segment, offset + byte, byte % 8);
    }
  }
  EXPECT_EQ(read(), samples(1, 60));
}

TEST_F(DamagedQueue, StopsAtAFlippedBitInAnySegmentHeader) {
  fill(40);
  const SegmentReader reader(*disk, segment_path(2));
  for (std::uint64_t byte = 0; byte < reader.header().bytes; ++byte) {
    flip(2, byte, byte % 8);
    EXPECT_ANY_THROW(read()) << byte;
    flip(2, byte, byte % 8);
  }
  EXPECT_EQ(read(), samples(1, 40));
}

TEST_F(DamagedQueue, StopsAtAFlippedBitInASeal) {
  fill(40);
  const auto size = disk->content(segment_path(2)).size();
  for (std::uint64_t back = 1; back <= BlockHeader::size + 64; ++back) {
    flip(2, size - back, back % 8);
    EXPECT_THROW(read(), Damage) << back;
    flip(2, size - back, back % 8);
  }
}

TEST_F(DamagedQueue, StopsWhereABlockBeforeTheTailTurnedToZeros) {
  fill(40);
  const auto found = blocks(newest);
  auto content = disk->content(segment_path(newest));
  const auto& hole = found[found.size() - 2];
  std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(hole.offset), hole.header.total_bytes(), '\0');
  disk->set_content(segment_path(newest), content);
  EXPECT_EQ(damage_found().offset(), hole.offset);
}

TEST_F(DamagedQueue, StopsWhereASegmentIsMissing) {
  fill(60);
  ASSERT_GT(newest, 4U);
  disk->remove(segment_path(3));
  const auto damage = damage_found();
  EXPECT_EQ(damage.file(), segment_file_name(3));
  EXPECT_NE(damage.reason().find("missing"), std::string::npos);
}

TEST_F(DamagedQueue, StopsWhereSegmentsWereSwapped) {
  fill(60);
  const auto second = disk->content(segment_path(2));
  disk->set_content(segment_path(2), disk->content(segment_path(3)));
  disk->set_content(segment_path(3), second);
  EXPECT_EQ(damage_found().file(), segment_file_name(2));
}

TEST_F(DamagedQueue, StopsAtTheSegmentOfAnotherQueue) {
  fill(60);
  const auto ours = std::exchange(disk, std::make_shared<ForgetfulDisk>());
  fill(60);
  const auto foreign = disk->content(segment_path(2));
  disk = ours;
  disk->set_content(segment_path(2), foreign);
  EXPECT_EQ(damage_found().file(), segment_file_name(2));
}

TEST_F(DamagedQueue, StopsAtAnOlderCopyOfASegment) {
  fill(3);
  const auto older = disk->content(segment_path(1));
  fill(60);
  disk->set_content(segment_path(1), older);
  EXPECT_EQ(damage_found().file(), segment_file_name(1));
}

TEST_F(DamagedQueue, IsNotMisledByZerosOrGarbageBehindTheEnd) {
  fill(40);
  const auto found = blocks(newest).back();
  auto whole = disk->content(segment_path(newest));
  whole.resize(found.offset + found.header.total_bytes());
  std::mt19937_64 chance(5);
  std::string garbage(5000, ' ');
  for (char& byte : garbage) byte = static_cast<char>(chance());
  const std::string old_block = whole.substr(blocks(newest).front().offset, 600);
  for (const auto& behind : {std::string(10'000, '\0'), garbage, old_block, std::string(3, '\0') + old_block}) {
    disk->set_content(segment_path(newest), whole + behind);
    EXPECT_EQ(read(), samples(1, 40));
  }
}

TEST_F(DamagedQueue, IsNotMisledByBlocksOfAnotherSegmentBehindTheEnd) {
  fill(60);
  const auto last = blocks(newest).back();
  auto content = disk->content(segment_path(newest));
  content.resize(last.offset + last.header.total_bytes());
  content += disk->content(segment_path(2));
  disk->set_content(segment_path(newest), content);
  EXPECT_EQ(read(), samples(1, 60));
}

TEST_F(DamagedQueue, StopsAtASegmentFromAnotherCourseOfTheSameQueue) {
  fill(30);
  std::mt19937_64 chance;
  const auto other = disk->after_power_cut(Survival::everything, chance);
  const auto common = newest;
  fill(70);
  {
    const auto queue = open_small(other);
    for (std::uint64_t position = 1000; position < 1040; ++position) write_sample(*queue, {position});
  }
  ASSERT_TRUE(other->exists(segment_path(common + 2)));
  disk->set_content(segment_path(common + 2), other->content(segment_path(common + 2)));
  EXPECT_THROW(open_small(disk), Damage);
  EXPECT_EQ(damage_found().file(), segment_file_name(common + 2));
}

// After a rollback and a crash, the disk may still hold blocks of the attempt before behind those of the next.
TEST_F(DamagedQueue, DoesNotTakeABlockOfAnEarlierAttemptForTheNext) {
  fill(32);
  std::mt19937_64 chance;
  auto earlier = disk->after_power_cut(Survival::everything, chance);
  std::uint64_t shorter = 33;
  std::uint64_t longer = 34;
  for (std::uint64_t position = 40; position < 52; ++position) {
    if (sample({position}).text.size() < sample({shorter}).text.size()) shorter = position;
    if (sample({position}).text.size() > sample({longer}).text.size()) longer = position;
  }
  for (const auto& [attempt, position] : {std::pair{earlier, shorter}, std::pair{disk, longer}}) {
    const auto queue = open_small(attempt);
    write_sample(*queue, {position});
    queue->sync();
    if (attempt == disk) continue;
    write_sample(*queue, {60});
    queue->sync();
  }
  const auto end = blocks(newest).back().offset + blocks(newest).back().header.total_bytes();
  std::swap(disk, earlier);
  const auto last = blocks(newest).back();
  const auto stale = disk->content(segment_path(newest)).substr(last.offset, last.header.total_bytes());
  std::swap(disk, earlier);
  disk->set_content(segment_path(newest), disk->content(segment_path(newest)).substr(0, end) + stale);
  EXPECT_EQ(read().back().position, Position{longer});
}

TEST_F(DamagedQueue, GoesOnBehindASealThatIsNotTheEndOfItsFile) {
  for (std::uint64_t last = 40; last <= 60; ++last) {
    disk = std::make_shared<ForgetfulDisk>();
    fill(last);
    disk->remove(segment_path(newest));
    const auto sealed = segment_path(newest - 1);
    disk->set_content(sealed, disk->content(sealed) + std::string(300, '\0') + (last % 2 == 0 ? "garbage" : ""));
    fill(80);
    EXPECT_EQ(read(), samples(1, 80)) << last;
  }
}

TEST_F(DamagedQueue, RefusesAnotherFormatByName) {
  fill(5);
  for (const std::uint32_t version : {0U, format_version + 1}) {
    auto content = disk->content(segment_path(1));
    std::memcpy(content.data() + 8, &version, sizeof version);
    disk->set_content(segment_path(1), content);
    try {
      read();
      FAIL() << "format " << version << " was read";
    } catch (const QueueRefused& refused) {
      EXPECT_NE(std::string(refused.what()).find("version " + std::to_string(version)), std::string::npos);
    }
  }
}

TEST_F(DamagedQueue, IsNotMisledByAnUnfinishedSegment) {
  fill(20);
  disk->set_content("/queue/next.tmp", "half a header");
  EXPECT_EQ(read(), samples(1, 20));
  fill(60);
  EXPECT_EQ(read(), samples(1, 60));
}

TEST_F(DamagedQueue, IsFoundByInspectionBeforeAReaderMeetsIt) {
  fill(60);
  EXPECT_FALSE(inspect("/queue", Depth::contents, *disk).damage.has_value());
  const auto block = blocks(3)[1];
  flip(3, block.offset + BlockHeader::size + 5);
  EXPECT_FALSE(inspect("/queue", Depth::headers, *disk).damage.has_value());
  const auto report = inspect("/queue", Depth::contents, *disk);
  ASSERT_TRUE(report.damage.has_value());
  EXPECT_EQ(report.damage->file, segment_file_name(3));
  EXPECT_EQ(report.damage->offset, block.offset);
}

}  // namespace
}  // namespace pgmirror::queue::testing
