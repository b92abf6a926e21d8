#include <gtest/gtest.h>

#include <fstream>

#include "capture/postgres/triggers/record_text.hpp"
#include "capture/postgres/triggers/row_identity.hpp"
#include "capture/postgres/triggers/row_layout.hpp"
#include "capture/postgres/triggers/trigger_memory.hpp"
#include "tests/support/temporary_directory.hpp"

namespace pgmirror::capture::postgres::triggers {
namespace {

/// Cells between bars, NULL as `~`.
std::string cells(std::string_view record) {
  RecordText text;
  const auto parsed = text.parse(record);
  if (!parsed) return "none";
  std::string shown;
  for (const change::Value& cell : *parsed) shown += (cell.is_null() ? "~" : std::string(cell.bytes())) + "|";
  return shown;
}

TEST(RecordText, CellsAreTakenApartAsTheServerQuotesThem) {
  EXPECT_EQ(cells("(7,plain,\"a b\")"), "7|plain|a b|");
  EXPECT_EQ(cells("(,\"\",)"), "~||~|");
  EXPECT_EQ(cells("()"), "~|");
  EXPECT_EQ(cells("(\"say \"\"hi\"\"\",\"back\\\\slash\",\"(,)\")"), "say \"hi\"|back\\slash|(,)|");
  EXPECT_EQ(cells("(\"\"\"\",\"\n\t\")"), "\"|\n\t|");
}

TEST(RecordText, WhatIsNoRowIsNone) {
  for (const char* broken : {"", "(", "7,8", "(7", "(\"open)", "(\"a\"b)", "(a\"b\")", "(\"ends\\)"})
    EXPECT_EQ(cells(broken), "none") << broken;
}

CatalogTable table_with_key(std::vector<int> key, char identity) {
  CatalogTable table;
  table.schema = "public";
  table.name = "t";
  table.columns = {
      {.number = 1, .name = "a"}, {.number = 2, .name = "b"}, {.number = 3, .name = "g", .generated = true}};
  table.primary_key = std::move(key);
  table.replica_identity = identity;
  table.identity_index = {2};
  return table;
}

TEST(RowIdentity, AKeyServesWhateverTheReplicaIdentityIs) {
  for (const char identity : {'d', 'n', 'f', 'i'}) {
    CatalogTable table = table_with_key({1}, identity);
    identify_rows(table, {});
    EXPECT_EQ(table.replica_identity, 'd') << identity;
  }
}

TEST(RowIdentity, WithoutAMirroredKeyTheIndexOrTheWholeRowServes) {
  CatalogTable indexed = table_with_key({}, 'i');
  identify_rows(indexed, {});
  EXPECT_EQ(indexed.replica_identity, 'i');
  CatalogTable keyless = table_with_key({}, 'd');
  identify_rows(keyless, {});
  EXPECT_EQ(keyless.replica_identity, 'f');
  CatalogTable deferred = table_with_key({1}, 'd');
  deferred.primary_key_deferred = true;
  identify_rows(deferred, {});
  EXPECT_EQ(deferred.replica_identity, 'f');
  CatalogTable generated = table_with_key({1, 3}, 'd');
  identify_rows(generated, {});
  EXPECT_EQ(generated.replica_identity, 'f');
  EXPECT_TRUE(generated.primary_key.empty());
}

const RowLayout three{{1, "", "23/-1", "700"}, {2, "", "25/-1", "700"}, {3, "", "25/-1", "700"}};

TEST(RowLayout, AKeyKeepsItsPlaceWhileColumnsComeBehindIt) {
  RowLayout after = three;
  after.push_back({4, "", "25/-1", "800"});
  after[2].written_by = "800";
  EXPECT_TRUE(same_places(three, after, {1, 2}));
  EXPECT_FALSE(same_places(three, after, {3}));
  EXPECT_FALSE(same_places(three, after, {}));
  EXPECT_TRUE(same_places(three, three, {}));
}

TEST(RowLayout, ADroppedColumnMovesThePlaces) {
  EXPECT_FALSE(same_places(three, {three[0], three[2]}, {1}));
  EXPECT_FALSE(same_places(three, {three[0], three[2], {4, "", "25/-1", "800"}}, {1}));
}

TEST(RowLayout, ATableAsItWasMade) {
  EXPECT_TRUE(as_made_by(three, "700"));
  EXPECT_FALSE(as_made_by(three, "800"));
  EXPECT_FALSE(as_made_by({three[0], three[2]}, "700"));
}

TEST(TriggerMemory, ComesBackAsItWasKept) {
  const tests::TemporaryDirectory directory;
  const auto file = directory / "triggers";
  EXPECT_TRUE(recall_triggers(file).empty());
  const TriggerMemory memory{{16390, {.generation = "16400:731;16401:731;", .layout = three}},
                             {16500, {.generation = "1:2;", .layout = {}}}};
  keep_triggers(file, memory);
  EXPECT_EQ(recall_triggers(file), memory);
}

TEST(TriggerMemory, AFileOfSomethingElseIsRefused) {
  const tests::TemporaryDirectory directory;
  const auto file = directory / "triggers";
  for (const char* content : {"hello\n", "16390 1:2; 1 23/-1\n", "16390 1:2; 1 23/-1 700 more\n"}) {
    std::ofstream(file) << content;
    EXPECT_THROW(recall_triggers(file), std::runtime_error) << content;
  }
}

}  // namespace
}  // namespace pgmirror::capture::postgres::triggers
