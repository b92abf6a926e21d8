#include "tests/oracle/dump.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <set>

#include "tests/oracle/cell.hpp"

namespace pgmirror::tests {
namespace {

std::string quoted_name(const std::string& name) { return '"' + name + '"'; }

struct TableShape {
  std::string name;
  bool without_rowid = false;
  std::vector<std::string> columns;  ///< with the hidden rowid first where the mirror has it
  std::vector<std::string> key;
};

std::vector<TableShape> shapes(Application& application) {
  std::vector<TableShape> result;
  application.each(
      "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' "
      "ESCAPE '\\' ORDER BY name",
      {}, [&](sqlite3_stmt* row) {
        TableShape shape;
        shape.name = reinterpret_cast<const char*>(sqlite3_column_text(row, 0));
        shape.without_rowid = sqlite3_column_int(row, 1) != 0;
        result.push_back(std::move(shape));
      });
  return result;
}

/// A rowid has a name of its own when the one key column shows it in a table that SQLite made no index for.
bool has_alias(Application& application, const TableShape& shape, const std::string& key_type) {
  return !shape.without_rowid && shape.key.size() == 1 && key_type == "integer" &&
         application.texts("SELECT 1 FROM pragma_index_list(?) WHERE origin = 'pk'", {shape.name}).empty();
}

void describe(Application& application, const Exclusions& exclusions, TableShape& shape) {
  const auto excluded = [&](const std::string& column) {
    return std::ranges::find(exclusions.columns, shape.name + "." + column) != exclusions.columns.end();
  };
  shape.key = application.texts("SELECT name FROM pragma_table_xinfo(?) WHERE pk > 0 ORDER BY pk", {shape.name});
  const std::vector<std::string> types =
      application.texts("SELECT lower(type) FROM pragma_table_xinfo(?) WHERE pk > 0 ORDER BY pk", {shape.name});
  const bool alias = has_alias(application, shape, types.empty() ? "" : types.front());
  const bool key_excluded = std::ranges::any_of(shape.key, excluded);
  if (!shape.without_rowid && (!alias || key_excluded)) shape.columns.emplace_back("pgmirror_rowid");
  for (const std::string& column :
       application.texts("SELECT name FROM pragma_table_xinfo(?) ORDER BY cid", {shape.name})) {
    if (!excluded(column)) shape.columns.push_back(column);
  }
}

std::string select_list(const TableShape& shape) {
  std::string list;
  for (const std::string& column : shape.columns) {
    if (!list.empty()) list += ", ";
    list += column == "pgmirror_rowid" ? "rowid" : quoted_name(column);
  }
  return list;
}

std::string key_text(const TableShape& shape, const std::vector<std::string>& cells, std::int64_t row_id) {
  if (!shape.without_rowid) return fmt::format("integer {}|", row_id);
  std::string key;
  for (const std::string& name : shape.key) {
    const auto position = std::ranges::find(shape.columns, name) - shape.columns.begin();
    key += cells[static_cast<std::size_t>(position)] + "|";
  }
  return key;
}

}  // namespace

DatabaseContent dump(Application& application, const Exclusions& exclusions) {
  DatabaseContent content;
  for (TableShape& shape : shapes(application)) {
    if (std::ranges::find(exclusions.tables, shape.name) != exclusions.tables.end()) continue;
    describe(application, exclusions, shape);
    TableContent& table = content[shape.name];
    table.columns = shape.columns;
    const std::string row_id = shape.without_rowid ? "0" : "rowid";
    application.each(fmt::format("SELECT {}, {} FROM {}", row_id, select_list(shape), quoted_name(shape.name)), {},
                     [&](sqlite3_stmt* row) {
                       std::vector<std::string> cells;
                       for (int i = 1; i < sqlite3_column_count(row); ++i) cells.push_back(cell_text(row, i));
                       std::string key = key_text(shape, cells, sqlite3_column_int64(row, 0));
                       table.rows.emplace(std::move(key), std::move(cells));
                     });
  }
  return content;
}

}  // namespace pgmirror::tests
