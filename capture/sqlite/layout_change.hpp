#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/sqlite/table_layout.hpp"

namespace pgmirror::capture::sqlite {

/// How the definition of one table changed between two commits.
struct LayoutChange {
  /// Pairs (old name, new name). A column counts as renamed when the table has as many columns as before, and at its
  /// place stands a column of the same declared type whose name the table did not have, while its own name is gone. All
  /// columns that differ must differ so; else none is renamed, and rows are compared as if columns came and went.
  std::vector<std::pair<std::string, std::string>> renamed_columns;
  /// For each column after: its position before, none for a new one.
  std::vector<std::optional<std::size_t>> origins;
  /// Rows can be paired by key: the key is made of the same columns in the same order.
  bool same_key = false;
  /// Equal bytes are equal rows, as far as SchemaChange says what becomes of existing rows.
  bool same_bytes = false;
};

LayoutChange compare_layouts(const TableLayout& before, const TableLayout& after);

}  // namespace pgmirror::capture::sqlite
