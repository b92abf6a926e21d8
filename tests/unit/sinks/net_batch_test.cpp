#include "sinks/postgres/net_batch.hpp"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <vector>

namespace pgmirror::sinks::postgres {
namespace {

using change::RowOperation;
using change::Value;
using Kind = RowEffect::Kind;

/// Columns: `id`, the key; `a`; `b`.
MirrorTablePtr keyed_by_id() {
  auto relation = std::make_shared<change::Relation>();
  relation->name = "t";
  relation->columns = {{.name = "id"}, {.name = "a"}, {.name = "b"}};
  relation->key = {0};
  auto table = std::make_shared<MirrorTable>();
  table->relation = relation;
  table->columns = {{.source = 0, .name = "id"}, {.source = 1, .name = "a"}, {.source = 2, .name = "b"}};
  table->key = {0};
  return table;
}

/// Columns: the unnamed rowid, which the mirror has not; `name`, the declared key; `a`.
MirrorTablePtr keyed_by_name() {
  auto relation = std::make_shared<change::Relation>();
  relation->name = "t";
  relation->columns = {{.name = change::Relation::row_id_column}, {.name = "name"}, {.name = "a"}};
  relation->key = {1};
  relation->has_row_id = true;
  auto table = std::make_shared<MirrorTable>();
  table->relation = relation;
  table->columns = {{.source = 1, .name = "name"}, {.source = 2, .name = "a"}};
  table->key = {0};
  return table;
}

/// A batch of one table, and the cells that its tuples point to.
class OneTable {
 public:
  explicit OneTable(MirrorTablePtr table) : effects_(std::move(table)) {}

  using Cells = std::vector<Value>;
  void insert(Cells row) { effects_.add(RowOperation::insert, {}, keep(std::move(row))); }
  void update(Cells row) { effects_.add(RowOperation::update, {}, keep(std::move(row))); }
  void update(Cells old_key, Cells row) {
    const change::Tuple key = keep(std::move(old_key));
    effects_.add(RowOperation::update, key, keep(std::move(row)));
  }
  void remove(Cells key) { effects_.add(RowOperation::remove, keep(std::move(key)), {}); }
  void end_transaction() { effects_.end_transaction(); }

  /// The effect on the row with `key` in cell `column`, of which there must be at most one.
  const RowEffect* effect(std::size_t column, const Value& key) const {
    const RowEffect* found = nullptr;
    for (const RowEffect& row : effects_.rows()) {
      if (!(row.key[column] == key)) continue;
      EXPECT_EQ(found, nullptr) << "a key twice";
      found = &row;
    }
    return found;
  }
  const RowEffect& of(std::int64_t id) const {
    const RowEffect* const found = effect(0, Value::integer(id));
    if (found == nullptr) throw std::out_of_range("no effect on this row");
    return *found;
  }
  TableEffects& effects() { return effects_; }

 private:
  change::Tuple keep(Cells cells) { return kept_.emplace_back(std::move(cells)); }

  std::deque<Cells> kept_;
  TableEffects effects_;
};

OneTable::Cells row(std::int64_t id, std::int64_t a, std::int64_t b = 0) {
  return {Value::integer(id), Value::integer(a), Value::integer(b)};
}
OneTable::Cells key(std::int64_t id) { return {Value::integer(id), Value::unchanged(), Value::unchanged()}; }
/// An update that says nothing of `b`.
OneTable::Cells partly(std::int64_t id, std::int64_t a) {
  return {Value::integer(id), Value::integer(a), Value::unchanged()};
}

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

/// As keyed_by_id, but nothing tells rows apart.
MirrorTablePtr without_key() {
  auto table = std::make_shared<MirrorTable>(*keyed_by_id());
  auto relation = std::make_shared<change::Relation>(*table->relation);
  relation->key.clear();
  relation->identity = change::ReplicaIdentity::full;
  table->relation = relation;
  table->key.clear();
  return table;
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

TEST(NetEffect, OfRowsWithoutAKeyIsWhatAnySequenceDoes) {
  for (std::uint32_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 chance(seed);
    const auto below = [&](std::uint32_t limit) { return static_cast<std::int64_t>(chance() % limit); };
    std::map<std::int64_t, std::int64_t> source;
    for (std::int64_t id = 0; id < 4; ++id) source[id] = below(3);
    auto mirror = source;
    OneTable table(without_key());
    for (std::int64_t step = below(30); step >= 0; --step) {
      const std::int64_t id = below(4);
      const std::int64_t other = below(4);
      if (source[id] == 0 || below(3) == 0) {
        ++source[id];
        table.insert(row(id, 0));
      } else if (below(2) == 0) {
        --source[id];
        table.remove(row(id, 0));
      } else {
        --source[id];
        ++source[other];
        table.update(row(id, 0), row(other, 0));
      }
    }
    for (const RowEffect& effect : table.effects().rows()) {
      const std::int64_t id = effect.key[0].as_integer();
      const auto copies = static_cast<std::int64_t>(effect.copies);
      if (effect.kind == Kind::insert) mirror[id] += copies;
      if (effect.kind == Kind::remove) mirror[id] -= copies;
      EXPECT_GE(mirror[id], 0);
    }
    ASSERT_EQ(mirror, source);
  }
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

/// The mirror's side of the model: rows by key, brought forward by effects as a server would be.
using Rows = std::map<std::int64_t, std::array<std::int64_t, 2>>;

void apply_to(Rows& rows, std::span<const RowEffect> effects) {
  const Rows before = rows;
  // Rows that leave their key are elsewhere from here on.
  for (const RowEffect& effect : effects) {
    if (!effect.left) continue;
    EXPECT_TRUE(effect.kind == Kind::remove || effect.kind == Kind::update);
    EXPECT_EQ(rows.erase(effect.key[0].as_integer()), 1U) << "a row leaves that is not there";
  }
  for (const RowEffect& effect : effects) {
    if (effect.left && effect.kind == Kind::remove) continue;
    if (effect.from != nullptr) {
      EXPECT_TRUE(effect.partial);
      auto now = before.at(effect.from[0].as_integer());
      if (!effect.row[1].is_unchanged()) now[0] = effect.row[1].as_integer();
      if (!effect.row[2].is_unchanged()) now[1] = effect.row[2].as_integer();
      EXPECT_EQ(effect.kind == Kind::update && !effect.left, rows.erase(effect.key[0].as_integer()) == 1);
      rows[effect.key[0].as_integer()] = now;
      continue;
    }
    if (effect.left) {
      rows[effect.key[0].as_integer()] = {effect.row[1].as_integer(), effect.row[2].as_integer()};
      continue;
    }
    const std::int64_t id = effect.key[0].as_integer();
    switch (effect.kind) {
      case Kind::nothing:
        EXPECT_FALSE(rows.contains(id)) << id << " stands though nothing was said of it";
        break;
      case Kind::remove:
        EXPECT_EQ(rows.erase(id), 1U) << id << " is deleted though it is not there";
        break;
      case Kind::insert:
        EXPECT_TRUE(rows.try_emplace(id, std::array{effect.row[1].as_integer(), effect.row[2].as_integer()}).second)
            << id << " is inserted though it is there";
        break;
      case Kind::update:
        ASSERT_TRUE(rows.contains(id)) << id << " is updated though it is not there";
        if (!effect.row[1].is_unchanged()) rows[id][0] = effect.row[1].as_integer();
        if (!effect.row[2].is_unchanged()) rows[id][1] = effect.row[2].as_integer();
        break;
    }
  }
}

TEST(NetEffect, OfAnySequenceIsWhatTheSequenceDoes) {
  for (std::uint32_t seed = 1; seed <= 4000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 chance(seed);
    const auto below = [&](std::uint32_t limit) { return static_cast<std::int64_t>(chance() % limit); };
    Rows source;
    for (std::int64_t id = 0; id < 6; ++id) {
      if (below(2) == 0) source[id] = {below(100), below(100)};
    }
    Rows mirror = source;
    OneTable table(keyed_by_id());
    for (std::int64_t step = below(30); step >= 0; --step) {
      const std::int64_t id = below(6);
      const auto found = source.find(id);
      if (found == source.end()) {
        source[id] = {below(100), below(100)};
        table.insert(row(id, source[id][0], source[id][1]));
        continue;
      }
      const std::int64_t other = below(6);
      switch (below(4)) {
        case 0:
          source.erase(found);
          table.remove(key(id));
          break;
        case 1:
          found->second[0] = below(100);
          table.update(partly(id, found->second[0]));
          break;
        case 2:
          if (source.contains(other)) break;
          source[other] = {below(100), found->second[1]};
          source.erase(id);
          if (below(3) == 0) {
            table.update(key(id), row(other, source[other][0], source[other][1]));
          } else {
            table.update(key(id), partly(other, source[other][0]));
          }
          break;
        default:
          found->second = {below(100), below(100)};
          table.update(row(id, found->second[0], found->second[1]));
      }
    }
    table.end_transaction();
    apply_to(mirror, table.effects().rows());
    ASSERT_EQ(mirror, source);
  }
}

/// Rows by rowid, each with a name that no other has, as a SQLite table with a declared key has them.
struct Named {
  std::size_t name = 0;
  std::int64_t a = 0;
  bool operator==(const Named&) const = default;
};

TEST(NetEffect, OfAnyTransactionsListedByAnotherKeyIsWhatTheyDo) {
  constexpr std::array<std::string_view, 5> names{"ada", "bea", "cis", "dan", "eve"};
  for (std::uint32_t seed = 1; seed <= 4000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 chance(seed);
    const auto below = [&](std::uint32_t limit) { return static_cast<std::int64_t>(chance() % limit); };
    const auto random_rows = [&] {
      std::map<std::int64_t, Named> rows;
      for (std::size_t name = 0; name < names.size(); ++name) {
        if (below(3) != 0) rows.try_emplace(below(7), Named{name, below(3)});
      }
      return rows;
    };
    const auto cells = [&](std::int64_t row_id, const Named& named) {
      return OneTable::Cells{Value::integer(row_id), Value::text(names[named.name]), Value::integer(named.a)};
    };
    std::map<std::int64_t, Named> source = random_rows();
    std::map<std::size_t, std::int64_t> mirror;
    for (const auto& [row_id, named] : source) mirror[named.name] = named.a;

    OneTable table(keyed_by_name());
    for (std::int64_t transactions = 1 + below(4); transactions > 0; --transactions) {
      const auto next = random_rows();
      for (std::int64_t row_id = 0; row_id < 7; ++row_id) {
        const auto old_row = source.find(row_id);
        const auto new_row = next.find(row_id);
        if (old_row == source.end() && new_row != next.end()) table.insert(cells(row_id, new_row->second));
        if (old_row == source.end()) continue;
        auto old_key = cells(row_id, old_row->second);
        old_key[2] = Value::unchanged();
        if (new_row == next.end()) {
          table.remove(old_key);
        } else if (new_row->second.name != old_row->second.name) {
          table.update(old_key, cells(row_id, new_row->second));
        } else if (!(new_row->second == old_row->second)) {
          table.update(cells(row_id, new_row->second));
        }
      }
      table.end_transaction();
      source = next;
    }

    for (std::size_t name = 0; name < names.size(); ++name) {
      const RowEffect* const effect = table.effect(1, Value::text(names[name]));
      if (effect == nullptr) continue;
      const bool stood = mirror.contains(name);
      EXPECT_EQ(stood, effect->kind == Kind::remove || effect->kind == Kind::update) << names[name];
      if (effect->kind == Kind::remove) mirror.erase(name);
      if (effect->row != nullptr) mirror[name] = effect->row[2].as_integer();
    }
    std::map<std::size_t, std::int64_t> wanted;
    for (const auto& [row_id, named] : source) wanted[named.name] = named.a;
    ASSERT_EQ(mirror, wanted);
  }
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
