#include "capture/sqlite/table_info.hpp"

#include <sqlite3.h>

#include <algorithm>

#include "capture/sqlite/folded_name.hpp"

namespace pgmirror::capture::sqlite {
namespace {

std::string column_collation(const ScratchDatabase& scratch, const std::string& table, const std::string& column) {
  const char* collation = nullptr;
  sqlite3_table_column_metadata(scratch.handle(), nullptr, table.c_str(), column.c_str(), nullptr, &collation, nullptr,
                                nullptr, nullptr);
  if (collation == nullptr || folded_name(collation) == "binary") return {};
  return collation;
}

Storage storage_of(std::int64_t hidden) {
  if (hidden == 2) return Storage::generated_virtual;
  return hidden == 3 ? Storage::generated_stored : Storage::stored;
}

void read_columns(ScratchDatabase& scratch, const std::string& table, TableInfo& info) {
  scratch.query("SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid",
                {table}, [&](const ScratchStatement& row) {
                  ColumnInfo column;
                  column.column.name = row.text(0);
                  column.column.declared_type = row.text(1);
                  column.column.family = type_family(row.text(1), info.strict);
                  column.column.not_null = row.integer(2) != 0;
                  if (!row.is_null(3)) column.column.default_sql = row.text(3);
                  column.column.collation = column_collation(scratch, table, column.column.name);
                  column.affinity = column_affinity(row.text(1), info.strict);
                  column.storage = storage_of(row.integer(5));
                  column.column.generated = column.storage != Storage::stored;
                  column.key_part = row.integer(4);
                  info.columns.push_back(std::move(column));
                });
}

void read_key(ScratchDatabase& scratch, const std::string& table, TableInfo& info) {
  for (std::size_t i = 0; i < info.columns.size(); ++i) {
    if (info.columns[i].key_part > 0) info.key.push_back(i);
  }
  std::ranges::sort(info.key, {}, [&](std::size_t i) { return info.columns[i].key_part; });
  if (info.without_rowid) {
    for (const std::size_t i : info.key) info.columns[i].column.not_null = true;
    return;
  }
  // INTEGER PRIMARY KEY DESC looks like an alias of the rowid but is not: it has an index of its own.
  bool has_index = false;
  scratch.query("SELECT 1 FROM pragma_index_list(?) WHERE origin = 'pk'", {table},
                [&](const ScratchStatement&) { has_index = true; });
  if (info.key.size() != 1 || has_index) return;
  change::Column& column = info.columns[info.key.front()].column;
  if (folded_name(column.declared_type) != "integer") return;
  info.alias = info.key.front();
  column.not_null = true;
}

}  // namespace

TableInfo read_table_info(ScratchDatabase& scratch, const std::string& table) {
  TableInfo info;
  scratch.query("SELECT wr, strict FROM pragma_table_list(?) WHERE schema = 'main'", {table},
                [&](const ScratchStatement& row) {
                  info.without_rowid = row.integer(0) != 0;
                  info.strict = row.integer(1) != 0;
                });
  read_columns(scratch, table, info);
  read_key(scratch, table, info);
  return info;
}

}  // namespace pgmirror::capture::sqlite
