#pragma once

#include "capture/sqlite/schema_reader.hpp"
#include "capture/sqlite/scratch_database.hpp"
#include "capture/sqlite/table_layout.hpp"
#include "config/table_rules.hpp"

namespace pgmirror::capture::sqlite {

/// Learns from SQLite how it stores the table that `entry` describes.
///
/// `scratch` has the table, the tables it refers to and all indexes defined. Columns excluded by `rules`, and virtual
/// columns that only the application can compute (TableLayout::uncomputable_columns), are left out. Where a column of
/// the declared key is excluded, the rowid identifies the rows. Throws std::runtime_error when a WITHOUT ROWID table
/// has no key left.
TableLayout read_layout(ScratchDatabase& scratch, const SchemaEntry& entry, TextEncoding encoding,
                        const config::TableRules& rules);

}  // namespace pgmirror::capture::sqlite
