#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "change/value.hpp"
#include "sinks/postgres/mirror_table.hpp"

namespace pgmirror::sinks::postgres {

/// 128 bits (XXH3) of some bytes. Sums do not depend on order, so that rows may come in any.
struct RowDigest {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  static RowDigest of(std::string_view bytes);
  auto operator<=>(const RowDigest&) const = default;
  RowDigest& operator+=(const RowDigest& other);

  struct Hash {
    std::size_t operator()(const RowDigest& digest) const { return digest.low; }
  };
};

/// What one row of the mirror should be, as bytes that both sides can make: the fields as COPY BINARY has them, columns
/// of other types as text, jsonb in one spelling.
struct RowImage {
  std::string key;
  std::string row;
};

/// From the source's cells. The image is overwritten; `odd_columns` gets the positions (in MirrorTable::columns) whose
/// values the cell does not carry.
void image_of_source(const MirrorTable& table, change::Tuple cells, RowImage& image,
                     std::vector<std::size_t>& odd_columns);

/// From one row of `COPY (comparable_select(table)) TO STDOUT (FORMAT binary)`, behind the field count. Throws
/// std::runtime_error for bytes that are no such row.
void image_of_mirror(const MirrorTable& table, std::string_view fields, RowImage& image);

/// The columns of the table so that they come in the form that image_of_mirror wants.
std::string comparable_select(const MirrorTable& table);

}  // namespace pgmirror::sinks::postgres
