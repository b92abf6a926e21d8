#include "capture/sqlite/btree_page.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "capture/sqlite/damaged_page.hpp"

namespace pgmirror::capture::sqlite {
namespace {

constexpr std::size_t page_size = 512;

/// A page with one cell pointer to `offset`.
std::vector<std::byte> page(unsigned type, std::size_t offset, std::initializer_list<unsigned> cell) {
  std::vector<std::byte> bytes(page_size);
  bytes[0] = static_cast<std::byte>(type);
  bytes[4] = std::byte{1};
  const std::size_t pointers = type == 2 || type == 5 ? 12 : 8;
  bytes[pointers] = static_cast<std::byte>(offset >> 8U);
  bytes[pointers + 1] = static_cast<std::byte>(offset & 0xFFU);
  for (const unsigned value : cell) {
    if (offset < page_size) bytes[offset++] = static_cast<std::byte>(value);
  }
  return bytes;
}

TEST(BtreePage, ReadsATableLeaf) {
  const auto bytes = page(13, 400, {3, 0x81, 0x01, 2, 1, 42});
  const Cell cell = BtreePage(2, bytes, page_size).cell(0);
  EXPECT_EQ(cell.row_id, 129);
  EXPECT_EQ(cell.local.size(), 3U);
  EXPECT_EQ(cell.overflow, 0U);
  EXPECT_EQ(cell.raw.size(), 6U);
}

TEST(BtreePage, KeepsTheMiddleOfALongRecordElsewhere) {
  // 600 bytes, page of 512: at most 477 stay here; 39 + (600 - 39) % 508 = 92 do.
  auto bytes = page(13, 300, {0x84, 0x58, 7});
  bytes[300 + 3 + 92 + 3] = std::byte{9};
  const Cell cell = BtreePage(2, bytes, page_size).cell(0);
  EXPECT_EQ(cell.payload_size, 600U);
  EXPECT_EQ(cell.local.size(), 92U);
  EXPECT_EQ(cell.overflow, 9U);
}

TEST(BtreePage, KeepsMoreElsewhereWhereBytesAreReserved) {
  const auto bytes = page(13, 100, {0x84, 0x58, 7});
  EXPECT_EQ(BtreePage(2, bytes, page_size - 32).cell(0).local.size(), 35U + (600 - 35) % (480 - 4));
}

TEST(BtreePage, HeaderOfTheFirstPageComesBehindThatOfTheDatabase) {
  std::vector<std::byte> bytes(page_size);
  bytes[100] = std::byte{5};
  bytes[111] = std::byte{77};
  const BtreePage first(1, bytes, page_size);
  EXPECT_EQ(first.child(0), 77U);
}

TEST(BtreePage, RefusesOtherPages) {
  for (const unsigned type : {0U, 1U, 3U, 14U, 255U}) {
    const auto bytes = page(type, 400, {});
    EXPECT_THROW(BtreePage(2, bytes, page_size), DamagedPage) << type;
  }
}

TEST(BtreePage, RefusesMoreCellsThanFit) {
  auto bytes = page(13, 400, {});
  bytes[3] = std::byte{1};
  EXPECT_THROW(BtreePage(2, bytes, page_size), DamagedPage);
}

TEST(BtreePage, RefusesCellsOutsideThePage) {
  for (const std::size_t offset : {0UL, 9UL, 509UL, 512UL, 65535UL}) {
    const auto bytes = page(13, offset, {});
    EXPECT_THROW(BtreePage(2, bytes, page_size).cell(0), DamagedPage) << offset;
  }
}

TEST(BtreePage, RefusesCellsThatRunOutOfThePage) {
  const auto long_record = page(13, 500, {100, 1});
  EXPECT_THROW(BtreePage(2, long_record, page_size).cell(0), DamagedPage);
  const auto endless_size = page(10, 508, {0xFF, 0xFF, 0xFF, 0xFF});
  EXPECT_THROW(BtreePage(2, endless_size, page_size).cell(0), DamagedPage);
  const auto no_room_for_pointer = page(13, 300, {0x84, 0x58, 7});
  EXPECT_NO_THROW(BtreePage(2, no_room_for_pointer, page_size).cell(0));
  const auto pointer_cut = page(13, 512 - 3 - 92 - 2, {0x84, 0x58, 7});
  EXPECT_THROW(BtreePage(2, pointer_cut, page_size).cell(0), DamagedPage);
}

TEST(BtreePage, RefusesRecordsLargerThanSqliteWrites) {
  const auto bytes = page(10, 400, {0x88, 0x80, 0x80, 0x80, 0x00});
  EXPECT_THROW(BtreePage(2, bytes, page_size).cell(0), DamagedPage);
}

}  // namespace
}  // namespace pgmirror::capture::sqlite
