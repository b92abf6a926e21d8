#include "capture/postgres/redefinition.hpp"

#include <gtest/gtest.h>

namespace pgmirror::capture::postgres {
namespace {

using Renamed = std::vector<std::pair<std::string, std::string>>;

change::RelationPtr table(const std::vector<std::string>& columns) {
  change::Relation relation;
  relation.schema = "public";
  relation.name = "t";
  for (const std::string& name : columns) {
    change::Column column;
    column.name = name;
    column.declared_type = "text";
    relation.columns.push_back(std::move(column));
  }
  return std::make_shared<const change::Relation>(std::move(relation));
}

TEST(Redefinition, D6_NumbersTellARenameFromADropAndAnAddition) {
  const auto renamed = redefinition(table({"a", "b"}), {1, 2}, table({"b", "a"}), {1, 2});
  EXPECT_EQ(renamed.change.renamed_columns, (Renamed{{"a", "b"}, {"b", "a"}}));
  EXPECT_TRUE(renamed.certain);
  const auto replaced = redefinition(table({"a", "b"}), {1, 2}, table({"a", "c"}), {1, 3});
  EXPECT_EQ(replaced.change.renamed_columns, Renamed{});
  EXPECT_TRUE(replaced.certain);
}

TEST(Redefinition, AColumnMadeAnewUnderItsNameNeedsItsContentAnew) {
  EXPECT_FALSE(redefinition(table({"a", "b"}), {1, 2}, table({"a", "b"}), {1, 3}).certain);
}

TEST(Redefinition, D13_WithoutNumbersNamesAndPlacesDecide) {
  const auto same = redefinition(table({"a", "b"}), {0, 0}, table({"a", "b", "c"}), {1, 2, 3});
  EXPECT_TRUE(same.certain);
  EXPECT_EQ(same.change.renamed_columns, Renamed{});
  const auto renamed = redefinition(table({"a", "b", "c"}), {1, 0, 3}, table({"a", "x", "c"}), {1, 2, 3});
  EXPECT_TRUE(renamed.certain);
  EXPECT_EQ(renamed.change.renamed_columns, (Renamed{{"b", "x"}}));
}

TEST(Redefinition, TheLastColumnMayHaveBeenRenamedOrReplaced) {
  const auto change = redefinition(table({"a", "b"}), {1, 0}, table({"a", "x"}), {1, 2});
  EXPECT_EQ(change.change.renamed_columns, (Renamed{{"b", "x"}}));
  EXPECT_FALSE(change.certain);
}

}  // namespace
}  // namespace pgmirror::capture::postgres
