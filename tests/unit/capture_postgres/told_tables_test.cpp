#include "capture/postgres/told_tables.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "tests/support/temporary_directory.hpp"

namespace pgmirror::capture::postgres {
namespace {

constexpr ObjectId oid = 16400;

StreamedRelation table(const std::string& name, const std::string& first, const std::string& second) {
  change::Relation relation{.schema = "public", .name = name, .key = {0}};
  for (const std::string& column : {first, second})
    relation.columns.push_back({.name = column, .declared_type = "text", .family = change::TypeFamily::native});
  return {.relation = std::make_shared<const change::Relation>(std::move(relation)),
          .places = {},
          .column_numbers = {2, 3}};
}

CatalogPicture remembered_as(const std::string& name, const std::string& first, const std::string& second) {
  CatalogTable known{.oid = oid, .schema = "public", .name = name, .primary_key = {2}};
  known.columns.push_back({.number = 2, .name = first, .type_name = "text"});
  known.columns.push_back({.number = 3, .name = second, .type_name = "text"});
  CatalogPicture picture;
  picture.tables.push_back(std::move(known));
  return picture;
}

class ToldTablesTest : public testing::Test {
 protected:
  std::optional<StreamedRelation> known_at(std::uint64_t end) {
    const auto known = ToldTables(file_).known_at(change::Position{end});
    const auto found = known.find(oid);
    return found == known.end() ? std::nullopt : std::optional(found->second);
  }
  void add(std::uint64_t position, const StreamedRelation& told) {
    ToldTables(file_).add(change::Position{position}, {{oid, told}});
  }

  tests::TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "told";
};

TEST_F(ToldTablesTest, IsAsItWasToldAfterARestart) {
  add(10, table("a", "it's, 1", "w"));
  const auto known = known_at(10);
  ASSERT_TRUE(known);
  EXPECT_EQ(*known->relation, *table("a", "it's, 1", "w").relation);
  EXPECT_EQ(known->column_numbers, (std::vector<int>{2, 3}));
}

TEST_F(ToldTablesTest, ForgetsWhatTheQueueHasLost) {
  add(10, table("a", "v", "w"));
  add(20, table("b", "v", "w"));
  EXPECT_EQ(known_at(19)->relation->name, "a");
  EXPECT_EQ(known_at(20)->relation->name, "a");
  EXPECT_FALSE(known_at(9));
}

TEST_F(ToldTablesTest, KeepsColumnsWhoseNumbersNobodyKnows) {
  StreamedRelation unknown = table("a", "v", "w");
  unknown.column_numbers = {0, 0};
  add(10, unknown);
  EXPECT_EQ(known_at(10)->column_numbers, (std::vector<int>{0, 0}));
  EXPECT_EQ(*known_at(10)->relation, *unknown.relation);
}

TEST_F(ToldTablesTest, ForgetsWhatTheRememberedCatalogSaysAsSoonAsItIsDurable) {
  add(10, table("a", "w", "v"));
  ToldTables(file_).settle(remembered_as("a", "v", "w"), change::Position{10});
  EXPECT_TRUE(known_at(10));
  ToldTables(file_).settle(remembered_as("a", "w", "v"), change::Position{9});
  EXPECT_TRUE(known_at(10));
  ToldTables(file_).settle(remembered_as("a", "w", "v"), change::Position{10});
  EXPECT_FALSE(known_at(10));
}

}  // namespace
}  // namespace pgmirror::capture::postgres
