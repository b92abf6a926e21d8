#pragma once

#include <string>
#include <vector>

#include "capture/sqlite/database_pages.hpp"

namespace pgmirror::capture::sqlite {

/// One row of sqlite_schema.
struct SchemaEntry {
  std::string type;  ///< table, index, view, trigger
  std::string name;
  std::string table;
  PageNumber root = 0;  ///< 0: has no pages of its own (view, trigger, virtual table)
  std::string sql;      ///< empty for an index that a constraint made
};

/// All of sqlite_schema, in the order in which it was written. Throws DamagedPage.
std::vector<SchemaEntry> read_schema(const DatabasePages& pages);

}  // namespace pgmirror::capture::sqlite
