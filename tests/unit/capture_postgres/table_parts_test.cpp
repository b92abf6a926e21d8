#include "capture/postgres/table_parts.hpp"

#include <gtest/gtest.h>

namespace pgmirror::capture::postgres {
namespace {

constexpr std::uint64_t block = 8192;
constexpr std::uint64_t gigabyte_blocks = (std::uint64_t{1} << 30U) / block;

TEST(TableParts, ASmallTableIsOnePart) {
  const auto parts = table_parts({{.oid = 7, .blocks = 10, .rows = 100}}, false, true, block);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].where_sql, "");
  EXPECT_EQ(parts[0].rows, 100U);
  EXPECT_EQ(parts[0].bytes, 10 * block);
}

TEST(TableParts, RangesOfALargeTableLeaveNoBlockOutAndHaveNoEnd) {
  const auto parts = table_parts({{.oid = 7, .blocks = 8192 * 2 + 1, .rows = 1000}}, false, true, block);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0].where_sql, "ctid < '(8192,0)'");
  EXPECT_EQ(parts[1].where_sql, "ctid >= '(8192,0)' AND ctid < '(16384,0)'");
  EXPECT_EQ(parts[2].where_sql, "ctid >= '(16384,0)'");
}

TEST(TableParts, AVeryLargeTableHasAFewHundredParts) {
  const auto parts = table_parts({{.oid = 7, .blocks = 500 * gigabyte_blocks, .rows = 1}}, false, true, block);
  EXPECT_EQ(parts.size(), 249U + 4U);
}

TEST(TableParts, MostPartsOfATableThatGrowsStayAsTheyWere) {
  const auto before = table_parts({{.oid = 7, .blocks = 20 * gigabyte_blocks, .rows = 1}}, false, true, block);
  const auto after = table_parts({{.oid = 7, .blocks = 25 * gigabyte_blocks, .rows = 1}}, false, true, block);
  ASSERT_GT(before.size(), 100U);
  for (std::size_t part = 0; part + 8 < before.size(); ++part) {
    EXPECT_EQ(before[part].where_sql, after[part].where_sql);
  }
}

TEST(TableParts, TheEndOfALargeTableComesInSmallParts) {
  const auto parts = table_parts({{.oid = 7, .blocks = 8192 * 4 + 1, .rows = 1000}}, false, true, block);
  ASSERT_EQ(parts.size(), 8U);
  EXPECT_EQ(parts[2].where_sql, "ctid >= '(16384,0)' AND ctid < '(24576,0)'");
  EXPECT_EQ(parts[3].where_sql, "ctid >= '(24576,0)' AND ctid < '(26624,0)'");
  EXPECT_EQ(parts[6].where_sql, "ctid >= '(30720,0)' AND ctid < '(32768,0)'");
  EXPECT_EQ(parts[7].where_sql, "ctid >= '(32768,0)'");
  const auto partitioned =
      table_parts({{.oid = 7, .blocks = 8192 * 4, .rows = 1}, {.oid = 9, .blocks = 1, .rows = 1}}, true, true, block);
  EXPECT_EQ(partitioned.size(), 5U);
}

TEST(TableParts, AServerThatReadsNoRangesGivesWholeLeaves) {
  EXPECT_EQ(table_parts({{.oid = 7, .blocks = gigabyte_blocks, .rows = 1}}, false, false, block).size(), 1U);
}

TEST(TableParts, PartsOfAPartitionedTableNameTheirLeaf) {
  const auto parts =
      table_parts({{.oid = 7, .blocks = 8193, .rows = 1}, {.oid = 9, .blocks = 0, .rows = 0}}, true, true, block);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0].where_sql, "tableoid = 7 AND ctid < '(8192,0)'");
  EXPECT_EQ(parts[2].where_sql, "tableoid = 9");
  EXPECT_EQ(leaf_range(parts[1]).leaf, 7U);
  EXPECT_EQ(leaf_range(parts[1]).where_sql, "ctid >= '(8192,0)'");
  EXPECT_EQ(leaf_range(parts[2]).leaf, 9U);
  EXPECT_EQ(leaf_range(parts[2]).where_sql, "");
}

TEST(TableParts, ATableWithoutLeavesHasOneEmptyPart) {
  const auto parts = table_parts({}, true, true, block);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(leaf_range(parts[0]).leaf, std::nullopt);
}

}  // namespace
}  // namespace pgmirror::capture::postgres
