#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "change/value.hpp"

namespace pgmirror::capture::postgres::triggers {

/// Takes a row as the server prints it apart: `(7,"a ""b""",)` (PostgreSQL manual, "Composite Type Input and Output
/// Syntax").
class RecordText {
 public:
  /// One cell a column, valid until the next call and as long as `text`. Nothing for what is no such row.
  std::optional<change::Tuple> parse(std::string_view text);

 private:
  std::vector<change::Value> cells_;
  std::string unquoted_;
};

/// Regular expressions over such rows, as PostgreSQL has them. `places` are those of a key's cells, from 0.
///
/// What stands up to the last cell of the key; matches only where something follows.
std::string row_up_to_key(const std::vector<std::size_t>& places);
/// The cells of the key as groups, in order of their places, quoted as they stand in the row.
std::string cells_of_key(const std::vector<std::size_t>& places);
/// An SQL expression for the text of a cell that is quoted as in a row.
std::string unquoted_cell(const std::string& expression);

}  // namespace pgmirror::capture::postgres::triggers
