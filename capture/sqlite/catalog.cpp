#include "capture/sqlite/catalog.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>

#include "capture/sqlite/folded_name.hpp"
#include "capture/sqlite/layout_reader.hpp"
#include "capture/sqlite/schema_reader.hpp"
#include "capture/sqlite/scratch_database.hpp"
#include "capture/sqlite/shadow_tables.hpp"

namespace pgmirror::capture::sqlite {
namespace {

/// A table with rows of its own that belongs to the application.
bool is_application_table(const SchemaEntry& entry, const std::set<std::string>& shadows) {
  const std::string name = folded_name(entry.name);
  return entry.type == "table" && entry.root != 0 && !name.starts_with("sqlite_") && !name.starts_with("pgmirror") &&
         !shadows.contains(name);
}

void define_tables(ScratchDatabase& scratch, const std::vector<SchemaEntry>& tables, const config::TableRules& rules) {
  for (const SchemaEntry& table : tables) {
    try {
      scratch.define(table.sql);
    } catch (const ScratchError& error) {
      // Excluded tables are defined only because others may refer to them.
      if (!rules.includes_table("", table.name)) continue;
      throw std::runtime_error(fmt::format(
          "table \"{}\": SQLite {} cannot read its definition ({}); link a newer SQLite or exclude the table",
          table.name, sqlite3_libversion(), error.what()));
    }
  }
}

void define_indexes(ScratchDatabase& scratch, const std::vector<SchemaEntry>& schema,
                    const std::set<std::string>& mirrored) {
  for (const SchemaEntry& entry : schema) {
    if (entry.type != "index" || entry.sql.empty() || !mirrored.contains(folded_name(entry.table))) continue;
    try {
      scratch.define(entry.sql);
    } catch (const ScratchError& error) {
      // The rows do not depend on it.
      spdlog::warn("[MirrorSchema] Index {} of {} is not mirrored: {}", entry.name, entry.table, error.what());
    }
  }
}

const TableLayout* find(const std::vector<TableLayoutPtr>& layouts, const std::string& name) {
  const auto found =
      std::ranges::find(layouts, name, [](const TableLayoutPtr& layout) { return layout->relation->name; });
  return found == layouts.end() ? nullptr : found->get();
}

void report_uncomputable(const TableLayout& layout, const TableLayout* known) {
  for (const std::string& column : layout.uncomputable_columns) {
    if (known != nullptr && std::ranges::count(known->uncomputable_columns, column) > 0) continue;
    spdlog::warn(
        "[MirrorSchema] {}.{} is computed by a function that only the application has: the column is not mirrored",
        layout.relation->name, column);
  }
}

}  // namespace

std::vector<TableLayoutPtr> read_catalog(const DatabasePages& pages, const config::TableRules& rules,
                                         const std::vector<TableLayoutPtr>& known) {
  return read_catalog(read_schema(pages), pages.encoding(), rules, known);
}

std::vector<TableLayoutPtr> read_catalog(const std::vector<SchemaEntry>& schema, TextEncoding encoding,
                                         const config::TableRules& rules, const std::vector<TableLayoutPtr>& known) {
  const std::set<std::string> shadows = shadow_tables(schema);
  std::vector<SchemaEntry> tables;
  std::ranges::copy_if(schema, std::back_inserter(tables),
                       [&](const SchemaEntry& entry) { return is_application_table(entry, shadows); });
  ScratchDatabase scratch(encoding);
  define_tables(scratch, tables, rules);
  std::set<std::string> mirrored;
  for (const SchemaEntry& table : tables) {
    if (rules.includes_table("", table.name)) mirrored.insert(folded_name(table.name));
  }
  define_indexes(scratch, schema, mirrored);
  std::vector<TableLayoutPtr> layouts;
  for (const SchemaEntry& table : tables) {
    if (!mirrored.contains(folded_name(table.name))) continue;
    TableLayout layout = read_layout(scratch, table, encoding, rules);
    const TableLayout* const before = find(known, table.name);
    report_uncomputable(layout, before);
    if (before != nullptr && *before->relation == *layout.relation) layout.relation = before->relation;
    layouts.push_back(std::make_shared<const TableLayout>(std::move(layout)));
  }
  return layouts;
}

}  // namespace pgmirror::capture::sqlite
