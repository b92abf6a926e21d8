#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "change/transaction.hpp"
#include "sinks/postgres/mirror_table.hpp"

namespace pgmirror::sinks::postgres {

/// What all changes of one row come to.
struct RowEffect {
  enum class Kind : std::uint8_t { nothing, insert, update, remove };
  Kind kind = Kind::nothing;
  bool partial = false;                ///< `row` holds unchanged cells
  const change::Value* row = nullptr;  ///< cells in the order of Relation::columns; null for nothing and remove
  const change::Value* key = nullptr;  ///< likewise, of which the mirror's key cells name the row
};

/// The effects on one table, one a key, in order of first touch.
class TableEffects {
 public:
  explicit TableEffects(MirrorTablePtr table);

  /// The tuples must outlive this object. Throws std::logic_error for a change of key whose new row is incomplete.
  void add(change::RowOperation operation, change::Tuple old_key, change::Tuple new_row);
  /// No more rows of the open transaction come before those of the next.
  void end_transaction();

  const MirrorTablePtr& table() const { return table_; }
  std::span<const RowEffect> rows() const { return rows_; }
  /// Puts rows with one whole number as key into key order: neighbours on the mirror's pages are then touched together.
  void sort_by_key();

 private:
  RowEffect& find(const change::Value* key);
  void grow();
  std::uint64_t hash(const change::Value* key) const;
  bool same_key(const change::Value* left, const change::Value* right) const;
  void arrive(const change::Value* row);
  void put(const change::Value* key, const change::Value* row);
  void remove(const change::Value* key);
  void update(change::Tuple row);

  MirrorTablePtr table_;
  std::vector<std::size_t> key_cells_;  ///< positions in Relation::columns
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
  void sort_by_key();

 private:
  std::vector<std::unique_ptr<TableEffects>> tables_;
  std::vector<std::shared_ptr<const void>> blocks_;
  std::uint64_t transactions_ = 0;
  std::uint64_t changes_ = 0;
  std::size_t bytes_ = 0;
  change::Commit last_commit_{};
};

/// For limits: what a row costs in memory and on the wire, about.
std::size_t row_bytes(change::Tuple row);

}  // namespace pgmirror::sinks::postgres
