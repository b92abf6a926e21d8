#include "sinks/postgres/net_batch.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sinks/sample_batch.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::RowOperation;
using change::Value;
using Kind = RowEffect::Kind;

TEST(NetEffect, InsertAndUpdateAreAnInsertOfTheLastRow) {
  OneTable table(keyed_by_id());
  table.insert(row(1, 10));
  table.update(row(1, 11));
  EXPECT_EQ(table.of(1).kind, Kind::insert);
  EXPECT_EQ(table.of(1).row[1].as_integer(), 11);
}

TEST(NetEffect, UpdateAndDeleteAreADelete) {
  OneTable table(keyed_by_id());
  table.update(row(1, 10));
  table.remove(key(1));
  EXPECT_EQ(table.of(1).kind, Kind::remove);
  EXPECT_EQ(table.of(1).row, nullptr);
}

TEST(NetEffect, DeleteAndInsertAreAnUpdate) {
  OneTable table(keyed_by_id());
  table.remove(key(1));
  table.insert(row(1, 10));
  EXPECT_EQ(table.of(1).kind, Kind::update);
  EXPECT_FALSE(table.of(1).partial);
}

TEST(NetEffect, RowThatCameAndWentIsNothing) {
  OneTable table(keyed_by_id());
  table.insert(row(1, 10));
  table.remove(key(1));
  EXPECT_EQ(table.of(1).kind, Kind::nothing);
  table.insert(row(1, 12));
  EXPECT_EQ(table.of(1).kind, Kind::insert);
}

/// SQLite takes NULL in a declared key, as often as it comes.
TEST(NetEffect, RowsWithoutAKeyAreInsertsEachForTheMirrorToRefuse) {
  OneTable table(keyed_by_name());
  table.insert({Value::integer(1), Value::null(), Value::integer(10)});
  table.insert({Value::integer(2), Value::null(), Value::integer(20)});
  table.end_transaction();
  table.update({Value::integer(1), Value::null(), Value::integer(11)});
  ASSERT_EQ(table.effects().rows().size(), 3U);
  for (const RowEffect& effect : table.effects().rows()) EXPECT_EQ(effect.kind, Kind::insert);
}

TEST(NetEffect, ChangedKeyDeletesOneRowAndMakesAnother) {
  OneTable table(keyed_by_id());
  table.update(key(1), row(2, 10));
  EXPECT_EQ(table.of(1).kind, Kind::remove);
  EXPECT_EQ(table.of(2).kind, Kind::insert);
}

TEST(NetEffect, KeysThatSwapAreTwoUpdates) {
  OneTable table(keyed_by_id());
  table.update(key(1), row(9, 10));
  table.update(key(2), row(1, 20));
  table.update(key(9), row(2, 10));
  EXPECT_EQ(table.of(1).kind, Kind::update);
  EXPECT_EQ(table.of(1).row[1].as_integer(), 20);
  EXPECT_EQ(table.of(2).kind, Kind::update);
  EXPECT_EQ(table.of(2).row[1].as_integer(), 10);
  EXPECT_EQ(table.of(9).kind, Kind::nothing);
}

TEST(NetEffect, ChainOfKeysEndsWhereTheSourceDid) {
  OneTable table(keyed_by_id());
  for (std::int64_t id = 5; id >= 1; --id) table.update(key(id), row(id + 1, id));
  EXPECT_EQ(table.of(1).kind, Kind::remove);
  for (std::int64_t id = 2; id <= 5; ++id) {
    EXPECT_EQ(table.of(id).kind, Kind::update);
    EXPECT_EQ(table.of(id).row[1].as_integer(), id - 1);
  }
  EXPECT_EQ(table.of(6).kind, Kind::insert);
}

TEST(NetEffect, PartialRowTakesWhatTheBatchKnows) {
  OneTable table(keyed_by_id());
  table.insert(row(1, 10, 100));
  table.update(partly(1, 11));
  EXPECT_EQ(table.of(1).kind, Kind::insert);
  EXPECT_FALSE(table.of(1).partial);
  EXPECT_EQ(table.of(1).row[1].as_integer(), 11);
  EXPECT_EQ(table.of(1).row[2].as_integer(), 100);
}

TEST(NetEffect, PartialRowStaysPartialWhereNobodyKnowsTheRest) {
  OneTable table(keyed_by_id());
  table.update(partly(1, 11));
  table.update(partly(1, 12));
  EXPECT_TRUE(table.of(1).partial);
  EXPECT_EQ(table.of(1).row[1].as_integer(), 12);
  EXPECT_TRUE(table.of(1).row[2].is_unchanged());
}

TEST(NetEffect, T25_PartialRowWithANewKeyBringsItsCellsFromTheOldOne) {
  OneTable table(keyed_by_id());
  table.update(key(1), partly(2, 11));
  EXPECT_EQ(table.of(1).kind, Kind::remove);
  EXPECT_TRUE(table.of(1).left) << "the row that goes elsewhere must not be deleted";
  EXPECT_EQ(table.of(2).kind, Kind::insert);
  EXPECT_TRUE(table.of(2).partial);
  ASSERT_NE(table.of(2).from, nullptr);
  EXPECT_EQ(table.of(2).from[0].as_integer(), 1);
}

TEST(NetEffect, T26_RowOfThisBatchThatMovesIsKnownWhole) {
  OneTable table(keyed_by_id());
  table.insert(row(1, 10, 100));
  table.update(key(1), partly(2, 11));
  EXPECT_EQ(table.of(1).kind, Kind::nothing);
  EXPECT_EQ(table.of(2).kind, Kind::insert);
  EXPECT_FALSE(table.of(2).partial);
  EXPECT_EQ(table.of(2).row[2].as_integer(), 100);
}

TEST(NetEffect, RowThatMovesAndIsThenKnownWholeLeavesNothingToFetch) {
  OneTable table(keyed_by_id());
  table.update(key(1), partly(2, 11));
  table.update(row(2, 12, 13));
  EXPECT_EQ(table.of(2).from, nullptr);
  EXPECT_FALSE(table.of(1).left);
}

TEST(NetEffect, K11_RowsThatSwapKeysByAThirdComeFromEachOther) {
  OneTable table(keyed_by_id());
  table.update(key(1), partly(9, 10));
  table.update(key(2), partly(1, 20));
  table.update(key(9), partly(2, 10));
  EXPECT_EQ(table.of(1).from[0].as_integer(), 2);
  EXPECT_EQ(table.of(2).from[0].as_integer(), 1);
  EXPECT_EQ(table.of(9).kind, Kind::nothing);
}

TEST(NetEffect, RowThatMovesAndComesBackIsChangedInPlace) {
  OneTable table(keyed_by_id());
  table.update(key(1), partly(2, 11));
  table.update(key(2), partly(1, 12));
  EXPECT_EQ(table.of(1).kind, Kind::update);
  EXPECT_EQ(table.of(1).from, nullptr);
  EXPECT_FALSE(table.of(1).left);
  EXPECT_EQ(table.of(2).kind, Kind::nothing);
}

TEST(NetEffect, OldKeyFillsInWhatTheNewRowLeavesOut) {
  OneTable table(keyed_by_id());
  table.update(row(1, 10, 100), {Value::unchanged(), Value::integer(11), Value::unchanged()});
  EXPECT_FALSE(table.of(1).partial);
  EXPECT_EQ(table.of(1).row[2].as_integer(), 100);
}

TEST(NetEffect, K2_EqualRowsAreCounted) {
  OneTable table(without_key());
  table.insert(row(1, 10));
  table.insert(row(1, 10));
  table.remove(row(2, 20));
  EXPECT_EQ(table.of(1).kind, Kind::insert);
  EXPECT_EQ(table.of(1).copies, 2U);
  EXPECT_EQ(table.of(2).kind, Kind::remove);
  EXPECT_EQ(table.of(2).copies, 1U);
}

TEST(NetEffect, K4_UpdateThatChangesNothingIsNothing) {
  OneTable table(without_key());
  table.update(row(1, 10), row(1, 10));
  EXPECT_EQ(table.of(1).kind, Kind::nothing);
}

TEST(NetEffect, RowWithoutAKeyMustBeSaidWhole) {
  OneTable table(without_key());
  EXPECT_THROW(table.remove(key(1)), std::logic_error);
  EXPECT_THROW(table.update(row(1, 1)), std::logic_error);
}

TEST(NetEffect, RowTakesTheKeyOfOneThatGoesLaterInTheTransaction) {
  OneTable table(keyed_by_name());
  const auto name = Value::text("ada");
  table.insert({Value::integer(1), name, Value::integer(10)});
  table.remove({Value::integer(2), name, Value::unchanged()});
  table.end_transaction();
  const RowEffect* const ada = table.effect(1, name);
  ASSERT_NE(ada, nullptr);
  EXPECT_EQ(ada->kind, Kind::update);
  EXPECT_EQ(ada->row[2].as_integer(), 10);
}

TEST(NetEffect, SortingByKeyKeepsEveryEffect) {
  OneTable table(keyed_by_id());
  for (const std::int64_t id : {5, 3, 9, 1, 7}) table.insert(row(id, id * 10));
  table.effects().sort_by_key();
  std::int64_t last = 0;
  for (const RowEffect& effect : table.effects().rows()) {
    EXPECT_GT(effect.key[0].as_integer(), last);
    last = effect.key[0].as_integer();
    EXPECT_EQ(effect.row[1].as_integer(), last * 10);
  }
  EXPECT_EQ(table.effects().rows().size(), 5U);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
