#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "capture/sqlite/affinity.hpp"
#include "capture/sqlite/scratch_database.hpp"
#include "capture/sqlite/table_layout.hpp"

namespace pgmirror::capture::sqlite {

/// Asks SQLite which value a row has that is older than a column with this default. `scratch` must not hold a table
/// named pgmirror_default. None: the expression is not one that a column may be added with to a table with rows.
std::optional<StoredDefault> stored_default(ScratchDatabase& scratch, std::string_view default_sql, Affinity affinity);

}  // namespace pgmirror::capture::sqlite
