#include "capture/sqlite/layout_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "capture/sqlite/folded_name.hpp"
#include "capture/sqlite/stored_default.hpp"
#include "capture/sqlite/table_indexes.hpp"
#include "capture/sqlite/table_info.hpp"

namespace pgmirror::capture::sqlite {
namespace {

/// Virtual columns that cannot be computed here, by position: they call a function of the application, or a column does
/// that would have to be stored first.
std::vector<bool> uncomputable_columns(ScratchDatabase& scratch, const std::string& table, const TableInfo& info) {
  std::vector<bool> uncomputable(info.columns.size());
  bool none_computable = false;
  for (std::size_t i = 0; i < info.columns.size(); ++i) {
    const ColumnInfo& column = info.columns[i];
    if (column.storage == Storage::stored) continue;
    uncomputable[i] = scratch.needs_unknown_function(
        fmt::format("SELECT {} FROM {}", quote_identifier(column.column.name), quote_identifier(table)));
    if (column.storage == Storage::generated_stored && uncomputable[i]) none_computable = true;
  }
  for (std::size_t i = 0; i < info.columns.size(); ++i) {
    const bool is_virtual = info.columns[i].storage == Storage::generated_virtual;
    uncomputable[i] = is_virtual && (none_computable || uncomputable[i]);
  }
  return uncomputable;
}

/// Which columns the mirror gets, by position in TableInfo::columns.
std::vector<bool> chosen_columns(const std::string& table, const TableInfo& info, const config::TableRules& rules,
                                 const std::vector<bool>& uncomputable) {
  std::vector<bool> chosen;
  for (std::size_t i = 0; i < info.columns.size(); ++i) {
    chosen.push_back(!uncomputable[i] && rules.includes_column("", table, info.columns[i].column.name));
  }
  return chosen;
}

change::Column row_id_column() {
  change::Column column;
  column.name = change::Relation::row_id_column;
  column.declared_type = "INTEGER";
  column.family = change::TypeFamily::integer;
  column.not_null = true;
  return column;
}

/// The relation, and for each column of the table its position in it.
struct Projection {
  change::Relation relation;
  std::vector<std::optional<std::size_t>> positions;
};

Projection project(const std::string& table, const TableInfo& info, const std::vector<bool>& chosen) {
  Projection projection;
  change::Relation& relation = projection.relation;
  relation.name = table;
  const bool whole_key = std::ranges::all_of(info.key, [&](std::size_t i) { return chosen[i]; });
  if (info.without_rowid && !whole_key) {
    throw std::runtime_error(fmt::format(
        "table \"{}\": a column of its key is excluded and it has no rowid; mirror the column or exclude the table",
        table));
  }
  relation.has_row_id = !info.without_rowid && !(info.alias && whole_key);
  if (relation.has_row_id) relation.columns.push_back(row_id_column());
  for (std::size_t i = 0; i < info.columns.size(); ++i) {
    projection.positions.emplace_back();
    if (!chosen[i]) continue;
    projection.positions.back() = relation.columns.size();
    relation.columns.push_back(info.columns[i].column);
  }
  if (whole_key) {
    for (const std::size_t i : info.key) relation.key.push_back(*projection.positions[i]);
  }
  return projection;
}

bool has_all(const change::Relation& relation, const std::vector<std::string>& names) {
  return std::ranges::all_of(names,
                             [&](const std::string& name) { return relation.column_position(name).has_value(); });
}

/// Whether the statement may speak of one of the columns that are not mirrored.
bool mentions(const std::string& sql, const std::vector<std::string>& left_out) {
  return std::ranges::any_of(left_out, [folded = folded_name(sql)](const std::string& name) {
    return folded.find(folded_name(name)) != std::string::npos;
  });
}

void add_constraints(ScratchDatabase& scratch, change::Relation& relation, const std::vector<std::string>& left_out) {
  for (change::Index& index : read_indexes(scratch, relation.name)) {
    const bool has_expression = index.columns.empty() || !index.where_sql.empty();
    if (!has_all(relation, index.columns) || (has_expression && mentions(index.definition, left_out))) continue;
    relation.indexes.push_back(std::move(index));
  }
  for (change::ForeignKey& key : read_foreign_keys(scratch, relation.name)) {
    if (has_all(relation, key.columns)) relation.foreign_keys.push_back(std::move(key));
  }
}

std::vector<std::string> columns_left_out(const TableInfo& info, const std::vector<bool>& chosen) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (!chosen[i]) names.push_back(info.columns[i].column.name);
  }
  return names;
}

Collation known_collation(const std::string& name) {
  const std::string folded = folded_name(name);
  if (folded == "binary") return Collation::binary;
  if (folded == "nocase") return Collation::nocase;
  return folded == "rtrim" ? Collation::rtrim : Collation::unknown;
}

/// Positions in TableInfo::columns in the order of the record.
std::vector<std::size_t> stored_order(ScratchDatabase& scratch, const std::string& table, const TableInfo& info,
                                      std::vector<KeyField>& key_order) {
  std::vector<std::size_t> order;
  if (!info.without_rowid) {
    for (std::size_t i = 0; i < info.columns.size(); ++i) {
      if (info.columns[i].storage != Storage::generated_virtual) order.push_back(i);
    }
    return order;
  }
  // The index of the primary key is the table: SQLite lists its fields, the key first and without repetitions.
  scratch.query(
      "SELECT x.cid, x.coll, x.\"desc\", x.key FROM pragma_index_list(?) l, pragma_index_xinfo(l.name) x "
      "WHERE l.origin = 'pk' ORDER BY x.seqno",
      {table}, [&](const ScratchStatement& row) {
        order.push_back(static_cast<std::size_t>(row.integer(0)));
        if (row.integer(3) != 0) key_order.push_back({known_collation(row.text(1)), row.integer(2) != 0});
      });
  return order;
}

StoredField stored_field(ScratchDatabase& defaults, const ColumnInfo& info, std::optional<std::size_t> position,
                         bool alias) {
  StoredField field;
  field.column = position;
  field.name = info.column.name;
  field.real = info.affinity == Affinity::real;
  field.generated = info.storage == Storage::generated_stored;
  field.row_id_alias = alias;
  if (info.column.default_sql) {
    const std::optional<StoredDefault> value = stored_default(defaults, *info.column.default_sql, info.affinity);
    field.constant_default = value.has_value();
    if (value) field.fallback = *value;
  }
  return field;
}

std::vector<std::size_t> identity_of(const change::Relation& relation) {
  std::vector<std::size_t> identity = relation.key;
  if (relation.has_row_id) identity.push_back(0);
  std::ranges::sort(identity);
  return identity;
}

}  // namespace

TableLayout read_layout(ScratchDatabase& scratch, const SchemaEntry& entry, TextEncoding encoding,
                        const config::TableRules& rules) {
  const TableInfo info = read_table_info(scratch, entry.name);
  const std::vector<bool> uncomputable = uncomputable_columns(scratch, entry.name, info);
  const std::vector<bool> chosen = chosen_columns(entry.name, info, rules, uncomputable);
  Projection projection = project(entry.name, info, chosen);
  add_constraints(scratch, projection.relation, columns_left_out(info, chosen));
  TableLayout layout;
  layout.root = entry.root;
  layout.sql = entry.sql;
  layout.encoding = encoding;
  layout.without_rowid = info.without_rowid;
  ScratchDatabase defaults(encoding);
  for (const std::size_t i : stored_order(scratch, entry.name, info, layout.key_order)) {
    layout.fields.push_back(stored_field(defaults, info.columns.at(i), projection.positions[i], info.alias == i));
  }
  for (std::size_t i = 0; i < info.columns.size(); ++i) {
    if (info.columns[i].storage != Storage::generated_virtual) continue;
    const std::string& name = info.columns[i].column.name;
    if (projection.positions[i]) layout.virtual_columns.push_back({name, *projection.positions[i]});
    if (uncomputable[i] && rules.includes_column("", entry.name, name)) layout.uncomputable_columns.push_back(name);
  }
  layout.identity = identity_of(projection.relation);
  layout.relation = std::make_shared<const change::Relation>(std::move(projection.relation));
  return layout;
}

}  // namespace pgmirror::capture::sqlite
