#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "change/snapshot.hpp"
#include "change/transaction.hpp"

namespace pgmirror::tests {

/// Cells as a PostgreSQL server prints them; none is NULL.
using Printed = std::vector<std::optional<std::string>>;

/// A PostgreSQL store driven by the test: its rows are kept in memory as a multiset, and each of its transactions is
/// written to a queue as a capture would.
///
/// Transactions come from one thread, snapshots are taken by any.
class NativeSource : public change::SnapshotProvider {
 public:
  NativeSource(change::TransactionWriter& queue, change::Position start);

  /// What definition() of later snapshots says; in the place of what it said of that object before.
  void script(change::SchemaStatement statement);
  /// A table `app.name` of the given columns (name, type), and the statements that make it. Without a key: none.
  change::RelationPtr table(const std::string& name, const std::vector<std::pair<std::string, std::string>>& columns,
                            std::vector<std::size_t> key, std::vector<Printed> rows = {},
                            change::ReplicaIdentity identity = change::ReplicaIdentity::key);
  void sequence_at(change::SequenceValue value) { sequences_.push_back(std::move(value)); }
  void type_addition(change::SchemaStatement statement) { additions_.push_back(std::move(statement)); }

  void transaction(const std::function<void()>& work);
  /// The same, but taken back before its commit, as when the server goes away in the middle.
  void lost_transaction(const std::function<void()>& work);
  void insert(const change::RelationPtr& relation, const Printed& row);
  /// The source does not send the cells of `unsent` (positions), which stay as they were.
  void update(const change::RelationPtr& relation, const Printed& before, const Printed& now,
              const std::set<std::size_t>& unsent = {});
  void remove(const change::RelationPtr& relation, const Printed& row);
  void truncate(const std::vector<change::RelationPtr>& relations);
  void gap(const change::RelationPtr& relation, const std::string& reason);
  void statement(const change::SchemaStatement& statement);
  void sequence(const change::SequenceValue& value);
  change::RelationPtr redefine(const change::RelationPtr& before, change::Relation after,
                               std::vector<std::pair<std::string, std::string>> renamed = {});
  /// Defines the table otherwise, without a word.
  void redefine_untold(const change::RelationPtr& before, const change::RelationPtr& after);
  /// Changes what the table holds, without a word.
  void rewrite(const change::RelationPtr& relation, std::vector<Printed> rows);

  std::vector<Printed> rows(const change::RelationPtr& relation) const;
  /// The same inside of transaction().
  std::vector<Printed> rows_now(const change::RelationPtr& relation) const { return tables_.at(relation->name).rows; }

  std::unique_ptr<change::Snapshot> open_snapshot() override;
  std::vector<change::SchemaStatement> type_additions() override { return additions_; }
  bool tells_gaps() const override { return true; }

  /// Before each part of a table is handed out, on the thread that reads: table and number of the part.
  std::function<void(const std::string& table, std::size_t part)> before_part;
  std::size_t rows_in_part = 1'000'000;
  /// When a snapshot has been taken and nobody has it yet. More than one commit may come: snapshots then stand between
  /// two commits, as a replication slot's do.
  std::function<void()> behind_snapshot;
  std::atomic<int> snapshots = 0;
  /// What untold() of later snapshots says.
  std::set<std::string> untold;

 private:
  friend class NativeSnapshot;
  struct Table {
    change::RelationPtr relation;
    std::vector<Printed> rows;
  };

  Table& table_of(const change::Relation& relation) { return tables_.at(relation.name); }

  change::TransactionWriter& queue_;
  mutable std::mutex mutex_;
  change::Position position_;
  std::map<std::string, Table> tables_;
  std::vector<change::SchemaStatement> script_;
  std::vector<change::SchemaStatement> additions_;
  std::vector<change::SequenceValue> sequences_;
};

}  // namespace pgmirror::tests
