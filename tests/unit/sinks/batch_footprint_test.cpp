#include "sinks/postgres/batch_footprint.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "tests/unit/sinks/sample_batch.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::Value;
using Cells = std::array<Value, 3>;

/// Inserts of rows `from` to `to`.
struct Inserts {
  Inserts(const MirrorTablePtr& table, std::int64_t from, std::int64_t to) {
    for (std::int64_t id = from; id <= to; ++id) {
      cells.push_back({Value::integer(id), Value::integer(0), Value::integer(0)});
    }
    for (const Cells& row : cells) batch.add(table, change::RowOperation::insert, {}, row);
  }
  std::vector<Cells> cells;
  NetBatch batch;
};

std::size_t touched_by(const BatchFootprint& footprint, const NetBatch& batch) {
  std::size_t touched = 0;
  for (const RowEffect& row : batch.tables().front()->rows()) {
    if (footprint.may_touch(batch.tables().front()->key_hash(row))) ++touched;
  }
  return touched;
}

TEST(BatchFootprint, KnowsEveryRowOfItsBatchAndFewOthers) {
  const MirrorTablePtr table = keyed_by_id();
  const Inserts own(table, 1, 5000);
  const BatchFootprint footprint(own.batch);
  EXPECT_EQ(touched_by(footprint, own.batch), 5000U);
  EXPECT_EQ(touched_by(footprint, Inserts(table, 2001, 3000).batch), 1000U);
  EXPECT_LT(touched_by(footprint, Inserts(table, 5001, 10'000).batch), 300U);
}

TEST(BatchFootprint, TheSameKeyOfAnotherTableIsAnotherRow) {
  const MirrorTablePtr table = keyed_by_id();
  const MirrorTablePtr other = keyed_by_id();
  const BatchFootprint footprint(Inserts(table, 1, 1000).batch);
  EXPECT_LT(touched_by(footprint, Inserts(other, 1, 1000).batch), 100U);
}

TEST(BatchFootprint, OfNothingTouchesNothing) {
  EXPECT_EQ(touched_by(BatchFootprint(NetBatch{}), Inserts(keyed_by_id(), 1, 10).batch), 0U);
}

TEST(TableEffects, AreSplitWithoutLosingARow) {
  OneTable table(keyed_by_id());
  for (std::int64_t id = 1; id <= 100; ++id) table.insert(row(id, id));
  const TableEffects even =
      table.effects().split([](const RowEffect& effect) { return effect.key[0].as_integer() % 2 == 0; });
  EXPECT_EQ(even.rows().size(), 50U);
  EXPECT_EQ(table.effects().rows().size(), 50U);
  EXPECT_EQ(even.rows().front().row[1].as_integer(), 2);
  EXPECT_EQ(table.effects().rows().back().row[1].as_integer(), 99);
  EXPECT_EQ(even.table(), table.effects().table());
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
