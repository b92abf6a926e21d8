#include "tests/scenario/sqlite_source/row_mirror.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "tests/support/sqlite_database.hpp"

namespace pgmirror::tests {
namespace {

std::string cell_text(const change::Value& value) {
  switch (value.kind()) {
    case change::ValueKind::integer:
      return std::to_string(value.as_integer());
    case change::ValueKind::real:
      return fmt::format("{}", value.as_real());
    case change::ValueKind::text:
    case change::ValueKind::blob:
      return std::string(value.bytes());
    case change::ValueKind::unchanged:
      return "(unchanged)";
    case change::ValueKind::null:
      break;
  }
  return "NULL";
}

std::string key_text(const change::Relation& relation, change::Tuple tuple) {
  if (tuple.empty()) return {};
  if (relation.has_row_id) return cell_text(tuple[0]);
  std::string text;
  for (const std::size_t column : relation.key) text += (text.empty() ? "" : "|") + cell_text(tuple[column]);
  return text;
}

}  // namespace

TextChange to_text(const change::RowChange& change) {
  TextChange text;
  text.operation = change.operation == change::RowOperation::insert   ? 'i'
                   : change.operation == change::RowOperation::update ? 'u'
                                                                      : 'd';
  text.table = change.relation->name;
  text.new_key = key_text(*change.relation, change.new_row);
  text.old_key = change.old_key.empty() ? text.new_key : key_text(*change.relation, change.old_key);
  for (const change::Value& value : change.new_row) text.row += (text.row.empty() ? "" : "|") + cell_text(value);
  return text;
}

void RowMirror::apply(const TextChange& change) {
  auto& rows = tables_[change.table];
  if (change.operation != 'i' && rows.erase(change.old_key) != 1) {
    throw std::runtime_error(
        fmt::format("{} {} of a row that is not there: {}", change.operation, change.table, change.old_key));
  }
  if (change.operation != 'd' && !rows.emplace(change.new_key, change.row).second) {
    throw std::runtime_error(
        fmt::format("{} {} of a row that is there already: {}", change.operation, change.table, change.new_key));
  }
}

const std::map<std::string, std::string>& RowMirror::table(const std::string& name) const {
  static const std::map<std::string, std::string> empty;
  const auto found = tables_.find(name);
  return found == tables_.end() ? empty : found->second;
}

std::map<std::string, std::string> table_by_sql(const std::string& file, const std::string& table) {
  SqliteDatabase database(file, SqliteDatabase::Journal::as_is);
  std::map<std::string, std::string> rows;
  for (const auto& row : database.query("SELECT * FROM " + table)) {
    std::string text;
    for (const auto& cell : row) text += (text.empty() ? "" : "|") + cell.value_or("NULL");
    rows.emplace(row.at(0).value_or("NULL"), text);
  }
  return rows;
}

}  // namespace pgmirror::tests
