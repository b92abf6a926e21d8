#include "tests/scenario/apply/scripted_source.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgmirror::tests {
namespace {

using change::RowOperation;
using change::Value;

bool is_identity(const change::Relation& relation, std::size_t column) {
  return (relation.has_row_id && column == 0) || std::ranges::find(relation.key, column) != relation.key.end();
}

std::string identity_of(const change::Relation& relation, const Row& row) {
  std::string identity;
  for (std::size_t column = 0; column < row.size(); ++column) {
    if (!is_identity(relation, column)) continue;
    const Cell& cell = row[column];
    // Numbers in order of size, so that snapshots read in key order.
    identity += fmt::format("{}:{:020}:{}:{}|", static_cast<int>(cell.kind), cell.number, cell.real_number, cell.bytes);
  }
  return identity;
}

std::vector<Value> values_of(const Row& row) {
  std::vector<Value> values;
  for (const Cell& cell : row) values.push_back(cell.value());
  return values;
}

std::vector<Value> identity_cells(const change::Relation& relation, const Row& row) {
  std::vector<Value> values = values_of(row);
  for (std::size_t column = 0; column < values.size(); ++column) {
    if (!is_identity(relation, column)) values[column] = Value::unchanged();
  }
  return values;
}

}  // namespace

ScriptedSource::ScriptedSource(change::TransactionWriter& queue, change::Position start)
    : queue_(queue), position_(start) {}

change::RelationPtr ScriptedSource::table(change::Relation relation, std::vector<Row> rows) {
  const std::lock_guard lock(mutex_);
  auto shared = std::make_shared<const change::Relation>(std::move(relation));
  Table& table = tables_[shared->name];
  table.relation = shared;
  for (Row& row : rows) table.rows[identity_of(*shared, row)] = std::move(row);
  return shared;
}

void ScriptedSource::transaction(const std::function<void()>& work) {
  // A snapshot is as of a commit that is in the queue.
  const std::lock_guard lock(mutex_);
  queue_.begin();
  work();
  ++position_.value;
  queue_.commit({position_, std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now())});
  queue_.sync();
}

void ScriptedSource::insert(const change::RelationPtr& relation, const Row& row) {
  insert_unseen(relation, row);
  table_of(*relation).rows[identity_of(*relation, row)] = row;
}

void ScriptedSource::insert_unseen(const change::RelationPtr& relation, const Row& row) {
  const auto cells = values_of(row);
  queue_.row({RowOperation::insert, relation, {}, cells});
}

void ScriptedSource::update(const change::RelationPtr& relation, const Row& before, const Row& now) {
  const auto cells = values_of(now);
  const std::string identity = identity_of(*relation, before);
  const bool stays = identity == identity_of(*relation, now);
  const auto old_key = stays ? std::vector<Value>{} : identity_cells(*relation, before);
  queue_.row({RowOperation::update, relation, old_key, cells});
  table_of(*relation).rows.erase(identity);
  table_of(*relation).rows[identity_of(*relation, now)] = now;
}

void ScriptedSource::remove(const change::RelationPtr& relation, const Row& row) {
  const auto old_key = identity_cells(*relation, row);
  queue_.row({RowOperation::remove, relation, old_key, {}});
  table_of(*relation).rows.erase(identity_of(*relation, row));
}

void ScriptedSource::truncate(const change::RelationPtr& relation) {
  queue_.truncate({{relation}});
  table_of(*relation).rows.clear();
}

change::RelationPtr ScriptedSource::redefine(const change::RelationPtr& before, change::Relation after,
                                             const Cell& added) {
  auto shared = std::make_shared<const change::Relation>(std::move(after));
  queue_.schema({.before = before, .after = shared});
  Table& table = table_of(*before);
  table.relation = shared;
  for (auto& [identity, row] : table.rows) row.resize(shared->columns.size(), added);
  return shared;
}

std::unique_ptr<change::Snapshot> ScriptedSource::open_snapshot() {
  const std::lock_guard lock(mutex_);
  auto snapshot = std::make_unique<HandMadeSnapshot>(position_.value);
  for (const auto& [name, table] : tables_) {
    std::vector<Row> rows;
    for (const auto& [identity, row] : table.rows) rows.push_back(row);
    snapshot->add(*table.relation, std::move(rows));
  }
  return snapshot;
}

}  // namespace pgmirror::tests
