#pragma once

#include <cstdint>
#include <vector>

#include "capture/sqlite/layout_change.hpp"
#include "capture/sqlite/row_decoder.hpp"
#include "capture/sqlite/stored_row.hpp"
#include "capture/sqlite/table_layout.hpp"
#include "change/transaction.hpp"

namespace pgmirror::capture::sqlite {

/// Turns pairs of stored rows of one table into row changes, and passes over those in which no mirrored cell differs.
class RowChanges final : public RowPairs {
 public:
  /// The table is defined as it was.
  explicit RowChanges(const TableLayoutPtr& layout);
  /// The rows before are stored by another definition; changes are told in terms of the one after.
  RowChanges(const TableLayoutPtr& before, const TableLayoutPtr& after, LayoutChange change);

  /// `out` gets the changes from now on.
  void start(change::TransactionWriter& out);
  /// How many changes were emitted since start().
  std::uint64_t emitted() const { return emitted_; }
  void row(StoredRow* before, StoredRow* after) override;

 private:
  void insert(StoredRow& after);
  void update(StoredRow& before, StoredRow& after);
  void remove(StoredRow& before);
  change::Tuple translated(change::Tuple before);
  change::Tuple key_of(change::Tuple row);
  void emit(change::RowOperation operation, change::Tuple old_key, change::Tuple new_row);

  RowDecoder before_;
  RowDecoder after_;
  bool redefined_ = false;
  LayoutChange layout_change_{};
  std::vector<change::Value> translated_;
  std::vector<change::Value> added_;  ///< by position after: what rows from before have in a new column
  std::vector<change::Value> key_;
  change::RowChange change_;
  change::TransactionWriter* out_ = nullptr;
  std::uint64_t emitted_ = 0;
};

}  // namespace pgmirror::capture::sqlite
