#include "capture/sqlite/layout_change.hpp"

#include <algorithm>

namespace pgmirror::capture::sqlite {
namespace {

using change::Relation;

std::vector<std::pair<std::string, std::string>> find_renamed(const Relation& before, const Relation& after) {
  std::vector<std::pair<std::string, std::string>> renamed;
  if (before.columns.size() != after.columns.size()) return {};
  for (std::size_t i = 0; i < before.columns.size(); ++i) {
    const change::Column& left = before.columns[i];
    const change::Column& right = after.columns[i];
    if (left.name == right.name) continue;
    const bool is_rename = left.declared_type == right.declared_type && !before.column_position(right.name) &&
                           !after.column_position(left.name);
    if (!is_rename) return {};
    renamed.emplace_back(left.name, right.name);
  }
  return renamed;
}

std::vector<std::optional<std::size_t>> find_origins(const Relation& before, const Relation& after,
                                                     const LayoutChange& change) {
  std::vector<std::optional<std::size_t>> origins;
  for (const change::Column& column : after.columns) {
    const auto renamed =
        std::ranges::find(change.renamed_columns, column.name, &std::pair<std::string, std::string>::second);
    const std::string& old_name = renamed == change.renamed_columns.end() ? column.name : renamed->first;
    origins.push_back(before.column_position(old_name));
  }
  return origins;
}

bool is_same_key(const TableLayout& before, const TableLayout& after, const LayoutChange& change) {
  const Relation& left = *before.relation;
  const Relation& right = *after.relation;
  return before.without_rowid == after.without_rowid && before.key_order == after.key_order &&
         left.has_row_id == right.has_row_id &&
         std::ranges::equal(left.key, right.key, [&](std::size_t old_position, std::size_t new_position) {
           return change.origins[new_position] == old_position;
         });
}

bool is_same_field(const StoredField& before, const StoredField& after, const LayoutChange& change) {
  const bool same_column =
      after.column ? before.column && change.origins[*after.column] == before.column : !before.column.has_value();
  return same_column && before.real == after.real && before.row_id_alias == after.row_id_alias &&
         before.fallback == after.fallback;
}

bool is_added_field(const StoredField& field, const LayoutChange& change) {
  return field.constant_default && !field.generated && (!field.column || !change.origins[*field.column]);
}

bool has_same_bytes(const TableLayout& before, const TableLayout& after, const LayoutChange& change) {
  if (before.encoding != after.encoding || before.fields.size() > after.fields.size()) return false;
  // What a virtual column gives may have changed with any word of the definition.
  if (!after.virtual_columns.empty() && before.sql != after.sql) return false;
  for (std::size_t i = 0; i < after.fields.size(); ++i) {
    const bool same = i < before.fields.size() ? is_same_field(before.fields[i], after.fields[i], change)
                                               : is_added_field(after.fields[i], change);
    if (!same) return false;
  }
  return true;
}

}  // namespace

LayoutChange compare_layouts(const TableLayout& before, const TableLayout& after) {
  LayoutChange change;
  change.renamed_columns = find_renamed(*before.relation, *after.relation);
  change.origins = find_origins(*before.relation, *after.relation, change);
  change.same_key = is_same_key(before, after, change);
  change.same_bytes = change.same_key && has_same_bytes(before, after, change);
  return change;
}

}  // namespace pgmirror::capture::sqlite
