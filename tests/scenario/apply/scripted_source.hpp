#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "change/snapshot.hpp"
#include "change/transaction.hpp"
#include "tests/scenario/postgres_sink/hand_made_snapshot.hpp"

namespace pgmirror::tests {

/// A store driven by the test: its rows are kept in memory, and each of its transactions is written to a queue as a
/// capture would.
///
/// Transactions come from one thread, snapshots are taken by any.
class ScriptedSource : public change::SnapshotProvider {
 public:
  /// Its history begins at `start`: the position of a snapshot taken before the first transaction.
  ScriptedSource(change::TransactionWriter& queue, change::Position start);

  /// A table that stands in the source without any transaction having told of it.
  change::RelationPtr table(change::Relation relation, std::vector<Row> rows = {});

  /// One committed, durable transaction of what `work` does by the functions below.
  void transaction(const std::function<void()>& work);
  void insert(const change::RelationPtr& relation, const Row& row);
  /// `before`: the row as it was; of use are its identity cells.
  void update(const change::RelationPtr& relation, const Row& before, const Row& now);
  void remove(const change::RelationPtr& relation, const Row& row);
  void truncate(const change::RelationPtr& relation);
  /// The new definition; rows must follow as updates where they change. Rows have the new column's default.
  change::RelationPtr redefine(const change::RelationPtr& before, change::Relation after, const Cell& added);
  /// As insert(), but snapshots know nothing of the row: for more rows than the test wants to hold.
  void insert_unseen(const change::RelationPtr& relation, const Row& row);

  std::unique_ptr<change::Snapshot> open_snapshot() override;

 private:
  struct Table {
    change::RelationPtr relation;
    std::map<std::string, Row> rows;  ///< by identity
  };

  Table& table_of(const change::Relation& relation) { return tables_.at(relation.name); }

  change::TransactionWriter& queue_;
  std::mutex mutex_;
  change::Position position_;
  std::map<std::string, Table> tables_;
};

}  // namespace pgmirror::tests
