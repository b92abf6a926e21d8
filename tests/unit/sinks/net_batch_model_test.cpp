#include <gtest/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "tests/unit/sinks/sample_batch.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::RowOperation;
using change::Value;
using Kind = RowEffect::Kind;

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
