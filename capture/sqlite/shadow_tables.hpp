#pragma once

#include <set>
#include <string>
#include <vector>

#include "capture/sqlite/schema_reader.hpp"

namespace pgmirror::capture::sqlite {

/// Folded names of the tables in which virtual tables keep their content.
///
/// Asks the module where this SQLite has it; else every table whose name begins with that of the virtual table and an
/// underscore counts as its shadow.
std::set<std::string> shadow_tables(const std::vector<SchemaEntry>& schema);

}  // namespace pgmirror::capture::sqlite
