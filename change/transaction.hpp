#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "change/position.hpp"
#include "change/relation.hpp"
#include "change/schema_statement.hpp"
#include "change/value.hpp"

namespace pgmirror::change {

using CommitTime = std::chrono::sys_time<std::chrono::microseconds>;

enum class RowOperation : std::uint8_t { insert, update, remove };

/// One row of one table changed. The tuples are views; see Value.
///
/// insert: `old_key` is empty, `new_row` has all cells. update: `old_key` is empty when the identity stayed, else it
/// has the identity cells and the others are unchanged; `new_row` has all cells, unchanged where the source did not
/// send them. remove: `old_key` has the identity cells, `new_row` is empty.
///
/// Identity cells are the declared key and the unnamed rowid (Relation::key, Relation::has_row_id). With
/// ReplicaIdentity::full `old_key` has all cells, on every update and removal.
struct RowChange {
  RowOperation operation = RowOperation::insert;
  RelationPtr relation;
  Tuple old_key{};
  Tuple new_row{};
};

/// A table appeared (no `before`), disappeared (no `after`) or is defined differently from here on.
///
/// Column values of existing rows under the new definition: a column that both have under the same name, or that was
/// renamed, keeps its value; a column that is new has `Column::default_sql` applied by the source, and rows for which
/// the source has something else follow as updates in the same transaction.
struct SchemaChange {
  RelationPtr before;
  RelationPtr after;
  /// Pairs (old name, new name) of columns that were renamed rather than dropped and added.
  std::vector<std::pair<std::string, std::string>> renamed_columns{};
};

struct Truncation {
  std::vector<RelationPtr> relations;
};

/// What a table held before this commit may differ from what was told: rows were rewritten without a change of their
/// own, or the table was not followed yet. Its changes after this commit are complete. A mirror takes the table's
/// content from a snapshot at this commit or later.
struct ContentGap {
  RelationPtr relation;
  std::string reason;  ///< for people
};

struct Commit {
  Position position;
  CommitTime time;
};

/// Takes the transactions of one source in commit order, piece by piece: no transaction is assumed to fit in memory.
///
/// One thread. begin, any number of changes, then commit or rollback; the tuples of a RowChange may die
/// when row() returns. A transaction is visible to readers when sync() has returned after its commit, never earlier.
class TransactionWriter {
 public:
  virtual ~TransactionWriter() = default;
  virtual void begin() = 0;
  virtual void row(const RowChange& change) = 0;
  virtual void schema(const SchemaChange& change) = 0;
  virtual void truncate(const Truncation& change) = 0;
  // Only a PostgreSQL source has these; a writer that serves SQLite alone need not take them.
  virtual void gap(const ContentGap& /*gap*/) { throw std::logic_error("this writer takes no content gaps"); }
  virtual void statement(const SchemaStatement& /*statement*/) {
    throw std::logic_error("this writer takes no schema statements");
  }
  virtual void sequence(const SequenceValue& /*value*/) {
    throw std::logic_error("this writer takes no sequence values");
  }
  virtual void commit(const Commit& commit) = 0;
  /// Forgets the open transaction.
  virtual void rollback() = 0;
  /// Blocks until all commits so far are durable. A failure here is final: the process must end (a failed fsync may
  /// have dropped the data it was asked to keep).
  virtual void sync() = 0;
  /// `prepare` runs on the writing thread before a commit may reach the disk, which can be long before sync(): for what
  /// must never be found behind the commits after a crash. Only a writer that keeps commits on a disk has to call it.
  virtual void before_commits_are_written(const std::function<void()>& /*prepare*/) {}
};

}  // namespace pgmirror::change
