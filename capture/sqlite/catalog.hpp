#pragma once

#include <vector>

#include "capture/sqlite/database_pages.hpp"
#include "capture/sqlite/schema_reader.hpp"
#include "capture/sqlite/table_layout.hpp"
#include "config/table_rules.hpp"

namespace pgmirror::capture::sqlite {

/// Layouts of all tables that are mirrored, in the order of their creation.
///
/// Left out: what the rules exclude, views, virtual tables and their shadow tables, tables whose names begin with
/// sqlite_ or pgmirror. A relation that is as in `known` is that very object. Throws DamagedPage, and
/// std::runtime_error naming the table when this SQLite cannot read its definition.
std::vector<TableLayoutPtr> read_catalog(const DatabasePages& pages, const config::TableRules& rules,
                                         const std::vector<TableLayoutPtr>& known);
/// The same for a schema that was read already.
std::vector<TableLayoutPtr> read_catalog(const std::vector<SchemaEntry>& schema, TextEncoding encoding,
                                         const config::TableRules& rules, const std::vector<TableLayoutPtr>& known);

}  // namespace pgmirror::capture::sqlite
