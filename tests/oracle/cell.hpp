#pragma once

#include <string>

#include "change/value.hpp"

struct sqlite3_stmt;

namespace pgmirror::tests {

/// Storage class and content of one cell as text that is equal for equal cells only.
std::string cell_text(const change::Value& value);
/// The same for a cell that SQLite itself gives.
std::string cell_text(sqlite3_stmt* row, int column);

}  // namespace pgmirror::tests
