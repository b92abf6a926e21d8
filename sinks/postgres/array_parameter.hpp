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
  CellFit add(const change::Value& value) { return append_cell(bytes_, value, type_); }
  /// The finished parameter; the object is spent.
  std::string take() { return std::move(bytes_); }

 private:
  const TargetType& type_;
  std::string bytes_;
};

}  // namespace pgmirror::sinks::postgres
