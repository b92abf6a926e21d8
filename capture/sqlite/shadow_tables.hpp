#pragma once

#include <set>
#include <string>
#include <vector>

#include "capture/sqlite/schema_reader.hpp"

namespace pgmirror::capture::sqlite {

/// Folded names of the tables in which virtual tables keep their content.
///
/// Asks the module where this SQLite can make such a table. Where it cannot, since a tokenizer of the application's own
/// or another table is named in it, the names are those that the module gives; of a module that is not SQLite's own
/// every table counts whose name begins with that of the virtual table and an underscore.
std::set<std::string> shadow_tables(const std::vector<SchemaEntry>& schema);

}  // namespace pgmirror::capture::sqlite
