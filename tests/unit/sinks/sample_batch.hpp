#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "sinks/postgres/net_batch.hpp"

namespace pgmirror::sinks::postgres {

/// Columns: `id`, the key; `a`; `b`.
inline MirrorTablePtr keyed_by_id() {
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
inline MirrorTablePtr keyed_by_name() {
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

  using Cells = std::vector<change::Value>;
  void insert(Cells row) { effects_.add(change::RowOperation::insert, {}, keep(std::move(row))); }
  void update(Cells row) { effects_.add(change::RowOperation::update, {}, keep(std::move(row))); }
  void update(Cells old_key, Cells row) {
    const change::Tuple key = keep(std::move(old_key));
    effects_.add(change::RowOperation::update, key, keep(std::move(row)));
  }
  void remove(Cells key) { effects_.add(change::RowOperation::remove, keep(std::move(key)), {}); }
  void end_transaction() { effects_.end_transaction(); }

  /// The effect on the row with `key` in cell `column`, of which there must be at most one.
  const RowEffect* effect(std::size_t column, const change::Value& key) const {
    const RowEffect* found = nullptr;
    for (const RowEffect& row : effects_.rows()) {
      if (!(row.key[column] == key)) continue;
      EXPECT_EQ(found, nullptr) << "a key twice";
      found = &row;
    }
    return found;
  }
  const RowEffect& of(std::int64_t id) const {
    const RowEffect* const found = effect(0, change::Value::integer(id));
    if (found == nullptr) throw std::out_of_range("no effect on this row");
    return *found;
  }
  TableEffects& effects() { return effects_; }

 private:
  change::Tuple keep(Cells cells) { return kept_.emplace_back(std::move(cells)); }

  std::deque<Cells> kept_;
  TableEffects effects_;
};

inline OneTable::Cells row(std::int64_t id, std::int64_t a, std::int64_t b = 0) {
  return {change::Value::integer(id), change::Value::integer(a), change::Value::integer(b)};
}
inline OneTable::Cells key(std::int64_t id) {
  return {change::Value::integer(id), change::Value::unchanged(), change::Value::unchanged()};
}
/// An update that says nothing of `b`.
inline OneTable::Cells partly(std::int64_t id, std::int64_t a) {
  return {change::Value::integer(id), change::Value::integer(a), change::Value::unchanged()};
}

/// As keyed_by_id, but nothing tells rows apart.
inline MirrorTablePtr without_key() {
  auto table = std::make_shared<MirrorTable>(*keyed_by_id());
  auto relation = std::make_shared<change::Relation>(*table->relation);
  relation->key.clear();
  relation->identity = change::ReplicaIdentity::full;
  table->relation = relation;
  table->key.clear();
  return table;
}

}  // namespace pgmirror::sinks::postgres
