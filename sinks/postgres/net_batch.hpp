#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "change/transaction.hpp"
#include "sinks/postgres/mirror_table.hpp"

namespace pgmirror::sinks::postgres {

/// What all changes of the rows under one key come to.
///
/// The kind tells what stood under the key before and what stands there afterwards: an insert finds nothing, an update
/// puts a row in the place of another.
struct RowEffect {
  enum class Kind : std::uint8_t { nothing, insert, update, remove };
  Kind kind = Kind::nothing;
  bool partial = false;                ///< `row` holds unchanged cells
  bool left = false;                   ///< the row that stood here goes to another key: it is the `from` of one effect
  const change::Value* row = nullptr;  ///< cells in the order of Relation::columns; null for nothing and remove
  const change::Value* key = nullptr;  ///< likewise, of which the mirror's key cells name the row
  /// Likewise: the row that stood under that other key comes here, and its unchanged cells with it. Only for partial
  /// rows; null where they are those of the row under `key`.
  const change::Value* from = nullptr;
  /// Of a table without a key, whose rows are told apart by all that they hold (`key` has all cells then): how many
  /// such rows come (insert) or go (remove).
  std::uint64_t copies = 1;
};

/// The effects on one table, one a key, in order of first touch.
///
/// Changes count as made one after another. Where the mirror's table has no key the rows are a multiset: an update is
/// the old row gone and the new one come, and what comes and goes in equal number is nothing.
class TableEffects {
 public:
  explicit TableEffects(MirrorTablePtr table);

  /// The tuples must outlive this object. Throws std::logic_error for a change of a row that nothing identifies.
  void add(change::RowOperation operation, change::Tuple old_key, change::Tuple new_row);
  /// No more rows of the open transaction come before those of the next.
  void end_transaction();

  const MirrorTablePtr& table() const { return table_; }
  std::span<const RowEffect> rows() const { return rows_; }
  /// The same for the same key of the same table; seldom for another's.
  std::uint64_t key_hash(const RowEffect& row) const;
  /// Takes out the rows of which `wanted` is true. The new object holds views of what this one holds; nothing may be
  /// added to either any more.
  TableEffects split(const std::function<bool(const RowEffect&)>& wanted);
  /// Puts rows with one whole number as key into key order: neighbours on the mirror's pages are then touched together.
  void sort_by_key();

 private:
  std::size_t place_of(const change::Value* key);
  RowEffect& find(const change::Value* key) { return rows_[place_of(key)]; }
  void grow();
  std::uint64_t hash(const change::Value* key) const;
  bool same_key(const change::Value* left, const change::Value* right) const;
  bool has_null_key(const change::Value* row) const;
  change::Tuple completed(change::Tuple row, const change::Value* known);
  void arrive(const change::Value* row);
  void put(const change::Value* key, const change::Value* row);
  void remove(const change::Value* key);
  void update(change::Tuple row);
  void move(const change::Value* old_key, change::Tuple row);
  void take_out(RowEffect& effect);
  void settle_origin(const change::Value* from);
  void count(const change::Value* row, bool comes);

  MirrorTablePtr table_;
  std::vector<std::size_t> key_cells_;  ///< positions in Relation::columns; all of them where the mirror has no key
  bool whole_rows_ = false;             ///< the mirror's table has no key
  std::vector<RowEffect> rows_;
  std::vector<std::uint32_t> slots_;  ///< open addressing over rows_, index + 1
  std::vector<std::unique_ptr<change::Value[]>> merged_;
  /// Rows that came by a key which is not the source's: it lists the changes of one transaction in the order of its own
  /// key, so that one row may take the mirror's key of another before that one is seen to go.
  std::vector<const change::Value*> arriving_;
  bool other_key_order_ = false;
};

/// The net effect of some whole source transactions: what is sent to the mirror in one transaction.
///
/// Holds views of cells and keeps the queue blocks that own them. Merging is by the mirror's key, so insert + update is
/// an insert and delete + insert an update; a unique index beyond the key sees only the batch's outcome.
class NetBatch {
 public:
  void add(const MirrorTablePtr& table, change::RowOperation operation, change::Tuple old_key, change::Tuple new_row);
  void add(const change::SequenceValue& value) { sequences_.push_back(value); }
  /// Keeps the owner of the tuples added since.
  void keep(std::shared_ptr<const void> block);
  void end_transaction(const change::Commit& commit);
  /// As end_transaction, for a part of a transaction that is sent by itself.
  void settle();
  void clear();

  bool empty() const { return transactions_ == 0; }
  std::uint64_t transactions() const { return transactions_; }
  std::uint64_t changes() const { return changes_; }
  /// Bytes of text and blob cells added, and a fixed sum a row: for limits.
  std::size_t bytes() const { return bytes_; }
  const change::Commit& last_commit() const { return last_commit_; }
  std::span<const std::unique_ptr<TableEffects>> tables() const { return tables_; }
  const std::vector<change::SequenceValue>& sequences() const { return sequences_; }
  void sort_by_key();

 private:
  std::vector<std::unique_ptr<TableEffects>> tables_;
  std::vector<std::shared_ptr<const void>> blocks_;
  std::vector<change::SequenceValue> sequences_;
  std::uint64_t transactions_ = 0;
  std::uint64_t changes_ = 0;
  std::size_t bytes_ = 0;
  change::Commit last_commit_{};
};

/// For limits: what a row costs in memory and on the wire, about.
std::size_t row_bytes(change::Tuple row);

}  // namespace pgmirror::sinks::postgres
