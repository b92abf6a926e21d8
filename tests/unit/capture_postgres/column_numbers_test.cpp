#include "capture/postgres/column_numbers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace pgmirror::capture::postgres {
namespace {

using Numbers = std::optional<std::vector<int>>;

/// `name` is a text column, `name int` an integer one.
change::RelationPtr table(const std::vector<std::string>& columns) {
  change::Relation relation;
  relation.schema = "public";
  relation.name = "t";
  for (const std::string& text : columns) {
    const std::size_t blank = text.find(' ');
    relation.columns.push_back(
        {.name = text.substr(0, blank), .declared_type = blank == std::string::npos ? "text" : text.substr(blank + 1)});
  }
  return std::make_shared<const change::Relation>(std::move(relation));
}

Numbers numbers(const std::vector<std::string>& message, const NumberedColumns& before, const NumberedColumns& later) {
  return column_numbers(*table(message), before, later);
}

TEST(ColumnNumbers, NamesThatAreExchangedLaterAreNotYet) {
  const NumberedColumns before{table({"a", "old", "b int"}), {1, 2, 3}};
  const NumberedColumns later{table({"b", "a int"}), {1, 3}};
  EXPECT_EQ(numbers({"a", "b int"}, before, later), (std::vector{1, 3}));
  EXPECT_EQ(numbers({"b", "a int"}, before, later), (std::vector{1, 3}));
}

TEST(ColumnNumbers, AColumnThatStandsLaterIsNotTheOneWhoseNameItTook) {
  const NumberedColumns before{table({"a", "b"}), {1, 2}};
  const NumberedColumns later{table({"a", "c"}), {2, 3}};
  EXPECT_EQ(numbers({"a"}, before, later), (std::vector{2}));
  EXPECT_EQ(numbers({"a", "b"}, before, later), (std::vector{1, 2}));
}

TEST(ColumnNumbers, ColumnsAreAddedOneAfterTheOther) {
  const NumberedColumns before{table({"a"}), {1}};
  const NumberedColumns later{table({"a", "x", "y"}), {1, 2, 3}};
  EXPECT_EQ(numbers({"a", "x"}, before, later), (std::vector{1, 2}));
  EXPECT_EQ(numbers({"a", "x", "y"}, before, later), (std::vector{1, 2, 3}));
  EXPECT_EQ(numbers({"b", "x"}, before, later), (std::vector{1, 2})) << "renamed, and again";
}

TEST(ColumnNumbers, AColumnThatCameAndWentHasNone) {
  const NumberedColumns before{table({"a"}), {1}};
  const NumberedColumns later{table({"a", "y"}), {1, 3}};
  EXPECT_EQ(numbers({"a", "x"}, before, later), (std::vector{1, 0}));
  EXPECT_EQ(numbers({"a", "x", "y"}, before, later), (std::vector{1, 0, 3}));
}

TEST(ColumnNumbers, DroppedTablesHaveThoseOfBefore) {
  const NumberedColumns before{table({"a", "b"}), {1, 2}};
  EXPECT_EQ(numbers({"b"}, before, {}), (std::vector{2}));
  EXPECT_EQ(numbers({"a", "b", "c"}, before, {}), (std::vector{1, 2, 0}));
}

TEST(ColumnNumbers, WhatMayBeOneOrAnotherIsNotGuessed) {
  const NumberedColumns before{table({"a", "b"}), {1, 2}};
  const NumberedColumns later{table({"c"}), {3}};
  EXPECT_EQ(numbers({"x"}, before, later), std::nullopt);
}

TEST(ColumnNumbers, MessageThatFitsNeitherIsNotGuessed) {
  const NumberedColumns before{table({"a", "b"}), {1, 2}};
  EXPECT_EQ(numbers({"a"}, before, before), std::nullopt) << "both stood all the time";
}

}  // namespace
}  // namespace pgmirror::capture::postgres
