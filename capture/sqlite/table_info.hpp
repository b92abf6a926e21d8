#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/sqlite/affinity.hpp"
#include "capture/sqlite/scratch_database.hpp"
#include "change/relation.hpp"

namespace pgmirror::capture::sqlite {

enum class Storage : std::uint8_t { stored, generated_virtual, generated_stored };

/// A column as SQLite describes it.
struct ColumnInfo {
  change::Column column;
  Affinity affinity = Affinity::blob;
  Storage storage = Storage::stored;
  std::int64_t key_part = 0;  ///< from 1; 0: not in the declared key
};

/// A table as SQLite describes it, before anything is left out.
struct TableInfo {
  bool without_rowid = false;
  bool strict = false;
  std::vector<ColumnInfo> columns;
  std::vector<std::size_t> key;      ///< positions in columns, in key order
  std::optional<std::size_t> alias;  ///< the column that is the rowid
};

/// Asks `scratch`, in which the table is defined.
TableInfo read_table_info(ScratchDatabase& scratch, const std::string& table);

}  // namespace pgmirror::capture::sqlite
