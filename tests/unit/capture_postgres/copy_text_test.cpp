#include "capture/postgres/copy_text.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace pgmirror::capture::postgres {
namespace {

using Cells = std::vector<std::optional<std::string>>;

Cells parse(std::string_view line, std::size_t columns) {
  CopyTextLine parser;
  Cells cells;
  for (const change::Value& cell : parser.parse(line, columns)) {
    cells.push_back(cell.is_null() ? std::nullopt : std::optional<std::string>(cell.bytes()));
  }
  return cells;
}

TEST(CopyText, T22_NullEmptyAndTheirLookalikesAreDistinct) {
  EXPECT_EQ(parse("\\N\t\t\\\\N\tNULL\n", 4), (Cells{std::nullopt, "", "\\N", "NULL"}));
}

TEST(CopyText, T23_EscapesStandForWhatTheServerEscaped) {
  EXPECT_EQ(parse("a\\tb\\nc\\rd\\\\e\\b\\f\\v\t\\.x", 2), (Cells{"a\tb\nc\rd\\e\b\f\v", ".x"}));
}

TEST(CopyText, CellsWithAndWithoutEscapesStayApart) {
  EXPECT_EQ(parse("x\\ty\tplain\t\\\\\t\\n", 4), (Cells{"x\ty", "plain", "\\", "\n"}));
}

TEST(CopyText, ATableWithoutColumnsHasEmptyLines) {
  EXPECT_EQ(parse("\n", 0), Cells{});
  EXPECT_EQ(parse("\n", 1), Cells{""});
}

TEST(CopyText, ALineThatIsNotTheTablesIsRefused) {
  EXPECT_THROW(parse("a\tb", 3), std::runtime_error);
  EXPECT_THROW(parse("a\tb", 1), std::runtime_error);
  EXPECT_THROW(parse("a\\", 1), std::runtime_error);
  EXPECT_THROW(parse("a", 0), std::runtime_error);
}

}  // namespace
}  // namespace pgmirror::capture::postgres
