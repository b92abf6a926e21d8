#pragma once

#include <optional>
#include <string>
#include <string_view>

struct sqlite3_value;

namespace pgmirror::tests {

/// The text under which equal cells of both sides meet, whatever their rendering; NULL has a text of its own.
///
/// What the mirror's server printed for a cell of `type` (as format_type() names it); empty: NULL.
std::string canonical_mirror_cell(const std::optional<std::string_view>& printed, const std::string& type);

/// A SQLite cell that shall stand in a mirror column of some type.
struct ExpectedCell {
  std::string canonical;
  bool odd = false;  ///< the mirror's cell alone does not tell it: pgmirror.odd_values must hold it
};
/// What the type cannot hold is odd and NULL in the mirror. A text in a bytea column is odd, but its bytes stand there.
ExpectedCell canonical_sqlite_cell(sqlite3_value* cell, const std::string& type);

/// A cell as pgmirror.odd_values keeps it: its storage class and, in hexadecimal digits, its bytes (numbers: their
/// text). Not for NULL.
std::string kept_cell(sqlite3_value* cell);

/// Whether the oracle knows how cells of this type are printed.
bool known_type(const std::string& type);

}  // namespace pgmirror::tests
