#include "capture/sqlite/key_order.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <limits>
#include <string>
#include <vector>

#include "capture/sqlite/payload.hpp"
#include "capture/sqlite/tree_cursor.hpp"
#include "tests/unit/capture/decoded_database.hpp"

namespace pgmirror::capture::sqlite {
namespace {

using tests::DecodedDatabase;

/// The records of a WITHOUT ROWID table in the order in which SQLite keeps them.
std::vector<std::vector<std::byte>> records(const DecodedDatabase& database, const std::string& table) {
  const tests::BytesImage image = database.image();
  const DatabasePages pages(image);
  std::vector<std::vector<std::byte>> result;
  Payload payload;
  TreeCursor cursor;
  cursor.start(pages, TreeKind::index, database.table(table)->root);
  while (const Cell* cell = cursor.next()) {
    const auto record = payload.load(pages, *cell);
    result.emplace_back(record.begin(), record.end());
  }
  return result;
}

void expect_order_of_sqlite(const std::string& setup) {
  const DecodedDatabase database(setup);
  const TableLayoutPtr layout = database.table("t");
  KeyOrder order(layout->key_order, layout->encoding);
  ASSERT_TRUE(order.is_known());
  const auto rows = records(database, "t");
  ASSERT_GT(rows.size(), 4U);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < rows.size(); ++j) EXPECT_EQ(order.compare(rows[i], rows[j]), i <=> j) << i << ' ' << j;
  }
}

const std::string mixed =
    "INSERT OR IGNORE INTO t VALUES(1),(1.5),(-3),(9007199254740993),(9007199254740992.0),(9223372036854775807),"
    "(9.3e18),(-9.3e18),(-9223372036854775807),('a'),('B'),('b '),('b'),('A'),('é'),(''),(x''),(x'61'),(x'00'),"
    "('abc'),('ABD'),('ab'),('𝄞'),('\xEF\xBF\xBF'),(1e300),(-0.0),(0.5),('a' || char(0) || 'b'),('A' || char(0) || "
    "'a')";

TEST(KeyOrder, IsThatOfSqliteForEveryStorageClass) {
  expect_order_of_sqlite("CREATE TABLE t(k, PRIMARY KEY(k)) WITHOUT ROWID;" + mixed);
}

TEST(KeyOrder, GoesDownWhereDeclared) {
  expect_order_of_sqlite("CREATE TABLE t(k, PRIMARY KEY(k DESC)) WITHOUT ROWID;" + mixed);
}

TEST(KeyOrder, FoldsLettersForNocase) {
  expect_order_of_sqlite("CREATE TABLE t(k COLLATE NOCASE PRIMARY KEY) WITHOUT ROWID;" + mixed);
}

TEST(KeyOrder, IgnoresTrailingSpacesForRtrim) {
  expect_order_of_sqlite("CREATE TABLE t(k COLLATE RTRIM PRIMARY KEY) WITHOUT ROWID;" + mixed);
}

TEST(KeyOrder, ComparesStoredBytesInUtf16) {
  for (const char* const collation : {"BINARY", "NOCASE", "RTRIM"}) {
    for (const char* const encoding : {"UTF-16le", "UTF-16be"}) {
      expect_order_of_sqlite(std::string("PRAGMA encoding='") + encoding + "'; CREATE TABLE t(k COLLATE " + collation +
                             " PRIMARY KEY) WITHOUT ROWID;" + mixed);
    }
  }
}

TEST(KeyOrder, IsUnknownForACollationOfTheApplication) {
  KeyOrder order({{Collation::binary, false}, {Collation::unknown, false}}, TextEncoding::utf8);
  EXPECT_FALSE(order.is_known());
}

TEST(KeyOrder, ComparesIntegersAndRealsExactly) {
  EXPECT_EQ(compare_numbers(9007199254740993, 9007199254740992.0), std::weak_ordering::greater);
  EXPECT_EQ(compare_numbers(std::numeric_limits<std::int64_t>::max(), 9223372036854775808.0), std::weak_ordering::less);
  EXPECT_EQ(compare_numbers(std::numeric_limits<std::int64_t>::min(), -9223372036854775808.0),
            std::weak_ordering::equivalent);
  EXPECT_EQ(compare_numbers(3, 3.5), std::weak_ordering::less);
  EXPECT_EQ(compare_numbers(-3, -3.5), std::weak_ordering::greater);
}

}  // namespace
}  // namespace pgmirror::capture::sqlite
