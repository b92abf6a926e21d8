#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "capture/sqlite/scratch_database.hpp"
#include "capture/sqlite/table_layout.hpp"
#include "change/value.hpp"

namespace pgmirror::capture::sqlite {

/// Computes the virtual columns of one table by letting a table of the same definition hold the row for a moment.
///
/// Costs some microseconds a row and is made for tables with virtual columns only. One thread.
class ComputedColumns {
 public:
  /// Throws ScratchError when this SQLite cannot read the definition.
  explicit ComputedColumns(TableLayoutPtr layout);
  ~ComputedColumns();

  /// `stored`: the values of TableLayout::fields. Returns the values of TableLayout::virtual_columns, valid until the
  /// next call. A row for which SQLite itself reports an error (malformed JSON, say) gets NULL; that is logged once.
  std::span<const change::Value> compute(std::span<const change::Value> stored);

 private:
  bool insert(std::span<const change::Value> stored);
  void fetch();
  void report();

  TableLayoutPtr layout_;
  ScratchDatabase scratch_;
  std::unique_ptr<ScratchStatement> clear_;
  std::unique_ptr<ScratchStatement> insert_;
  std::unique_ptr<ScratchStatement> select_;
  std::vector<std::size_t> inserted_fields_;
  std::vector<change::Value> values_;
  bool reported_ = false;
};

}  // namespace pgmirror::capture::sqlite
