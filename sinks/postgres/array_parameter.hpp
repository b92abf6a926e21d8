#pragma once

#include <cstddef>
#include <string>

#include "change/value.hpp"
#include "sinks/postgres/cell_encoding.hpp"
#include "sinks/postgres/target_type.hpp"

namespace pgmirror::sinks::postgres {

/// One column of many rows as one parameter: PostgreSQL's binary array form (array_send in the server's
/// arrayfuncs.c: dimensions, has-NULL flag, element type, length, lower bound, then the cells as append_cell makes
/// them).
class ArrayParameter {
 public:
  ArrayParameter(const TargetType& type, std::size_t rows);
  CellFit add(const change::Value& value) {
    last_cell_ = bytes_.size();
    return append_cell(bytes_, value, type_);
  }
  /// The cell added last has the length -1.
  bool last_is_null() const { return static_cast<unsigned char>(bytes_[last_cell_]) == 0xFF; }
  /// The finished parameter; the object is spent.
  std::string take() { return std::move(bytes_); }

 private:
  const TargetType& type_;
  std::string bytes_;
  std::size_t last_cell_ = 0;
};

}  // namespace pgmirror::sinks::postgres
