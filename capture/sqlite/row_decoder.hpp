#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "capture/sqlite/computed_columns.hpp"
#include "capture/sqlite/table_layout.hpp"
#include "change/value.hpp"

namespace pgmirror::capture::sqlite {

/// Turns records of one table into tuples of its relation. Buffers are kept from row to row. One thread.
class RowDecoder {
 public:
  explicit RowDecoder(TableLayoutPtr layout);

  const TableLayout& layout() const { return *layout_; }
  /// All cells of a row. They point into the record, the layout or this object: valid until the next call and as long
  /// as the record. Throws DamagedPage.
  change::Tuple decode(std::int64_t row_id, std::span<const std::byte> record);
  /// As decode(), but only the columns that identify the row; the others are Value::unchanged().
  change::Tuple decode_identity(std::int64_t row_id, std::span<const std::byte> record);
  /// How many fields of the record decode_identity() needs.
  std::size_t identity_fields() const { return identity_fields_; }

 private:
  change::Value field_value(const StoredField& field, change::Value value, std::int64_t row_id);
  change::Value to_utf8_value(change::Value text);

  TableLayoutPtr layout_;
  std::vector<bool> is_identity_;
  std::size_t identity_fields_ = 0;
  std::vector<change::Value> stored_;  ///< only for tables with virtual columns
  std::vector<change::Value> tuple_;
  std::vector<char> utf8_;
  std::size_t utf8_used_ = 0;
  std::unique_ptr<ComputedColumns> computed_;
};

}  // namespace pgmirror::capture::sqlite
