#include "tests/oracle/mirror_model.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "tests/oracle/cell.hpp"

namespace pgmirror::tests {
namespace {

[[noreturn]] void wrong(const std::string& table, const std::string& what) {
  throw std::logic_error(table + ": " + what);
}

std::vector<std::string> cells_of(change::Tuple tuple) {
  std::vector<std::string> cells;
  for (const change::Value& value : tuple) cells.push_back(cell_text(value));
  return cells;
}

/// The unnamed rowid alone tells rows apart; else the declared key does.
std::vector<std::size_t> row_key(const change::Relation& relation) {
  return relation.has_row_id ? std::vector<std::size_t>{0} : relation.key;
}

std::string key_text(const change::Relation& relation, const std::vector<std::string>& cells) {
  std::string key;
  for (const std::size_t column : row_key(relation)) key += cells.at(column) + "|";
  return key;
}

bool is_identity(const change::Relation& relation, std::size_t column) {
  return (relation.has_row_id && column == 0) || std::ranges::count(relation.key, column) > 0;
}

std::vector<std::string> column_names(const change::Relation& relation) {
  std::vector<std::string> names;
  for (const change::Column& column : relation.columns) names.push_back(column.name);
  return names;
}

/// What SQLite puts into a column with this definition when the statement names no value.
std::string default_cell(const change::Column& column) {
  if (!column.default_sql) return "null";
  sqlite3* database = nullptr;
  sqlite3_open(":memory:", &database);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close_v2)> closer(database, sqlite3_close_v2);
  for (const char* const form : {"CREATE TABLE t(x {} DEFAULT {})", "CREATE TABLE t(x {} DEFAULT ({}))"}) {
    const std::string sql = fmt::format(fmt::runtime(form), column.declared_type, *column.default_sql);
    if (sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) break;
  }
  sqlite3_exec(database, "INSERT INTO t DEFAULT VALUES", nullptr, nullptr, nullptr);
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database, "SELECT x FROM t", -1, &statement, nullptr);
  std::string cell = sqlite3_step(statement) == SQLITE_ROW ? cell_text(statement, 0) : "no default";
  sqlite3_finalize(statement);
  return cell;
}

/// For each column after: its position before, or what existing rows get.
struct ColumnOrigin {
  std::optional<std::size_t> before;
  std::string added;
};

std::vector<ColumnOrigin> column_origins(const change::SchemaChange& change) {
  std::vector<ColumnOrigin> origins;
  for (const change::Column& column : change.after->columns) {
    std::string old_name = column.name;
    for (const auto& [from, to] : change.renamed_columns) {
      if (to == column.name) old_name = from;
    }
    ColumnOrigin origin{change.before->column_position(old_name), {}};
    if (!origin.before) origin.added = default_cell(column);
    origins.push_back(std::move(origin));
  }
  return origins;
}

void redefine(TableContent& table, const change::SchemaChange& change) {
  const std::vector<ColumnOrigin> origins = column_origins(change);
  std::map<std::string, std::vector<std::string>> rows;
  for (const auto& [key, row] : table.rows) {
    std::vector<std::string> cells;
    for (const ColumnOrigin& origin : origins) cells.push_back(origin.before ? row.at(*origin.before) : origin.added);
    std::string new_key = key_text(*change.after, cells);
    rows.emplace(std::move(new_key), std::move(cells));
  }
  table.rows = std::move(rows);
  table.columns = column_names(*change.after);
}

void check_old_key(const change::Relation& relation, const std::vector<std::string>& old_key,
                   const std::vector<std::string>& row) {
  for (std::size_t i = 0; i < old_key.size(); ++i) {
    const std::string& expected = is_identity(relation, i) ? row.at(i) : "unchanged";
    if (old_key[i] != expected) wrong(relation.name, fmt::format("old key has a wrong cell {}", i));
  }
}

}  // namespace

TableContent& MirrorModel::table_of(const change::RelationPtr& relation) {
  if (relations_[relation->name] != relation) wrong(relation->name, "row of a relation that was not announced");
  return content_.at(relation->name);
}

void MirrorModel::row(const change::RowChange& change) {
  ++events_;
  const change::Relation& relation = *change.relation;
  TableContent& table = table_of(change.relation);
  const std::vector<std::string> old_key = cells_of(change.old_key);
  const std::vector<std::string> new_row = cells_of(change.new_row);
  if (change.operation == change::RowOperation::insert) {
    std::string key = key_text(relation, new_row);
    if (!table.rows.emplace(key, new_row).second) wrong(relation.name, "insert of a row that is there");
    differences_.push_back({relation.name, std::move(key), {}, new_row});
    return;
  }
  const std::string key = key_text(relation, old_key.empty() ? new_row : old_key);
  const auto found = table.rows.find(key);
  if (found == table.rows.end()) wrong(relation.name, "change of a row that is not there: " + key);
  std::vector<std::string> before = found->second;
  check_old_key(relation, old_key, before);
  table.rows.erase(found);
  if (change.operation == change::RowOperation::remove) {
    if (old_key.empty()) wrong(relation.name, "removal without a key");
    differences_.push_back({relation.name, key, std::move(before), {}});
    return;
  }
  if (before == new_row) wrong(relation.name, "update that changes nothing");
  bool same_identity = true;
  for (std::size_t i = 0; i < new_row.size(); ++i) {
    if (is_identity(relation, i) && before[i] != new_row[i]) same_identity = false;
  }
  if (same_identity != old_key.empty()) wrong(relation.name, "old key given without need, or missing");
  std::string new_key = key_text(relation, new_row);
  if (!table.rows.emplace(new_key, new_row).second) wrong(relation.name, "update onto a row that is there");
  if (new_key == key) {
    differences_.push_back({relation.name, key, std::move(before), new_row});
  } else {
    differences_.push_back({relation.name, key, std::move(before), {}});
    differences_.push_back({relation.name, std::move(new_key), {}, new_row});
  }
}

void MirrorModel::schema(const change::SchemaChange& change) {
  ++schema_events_;
  redefined_ = true;
  renamed_columns_ += change.renamed_columns.size();
  if (change.before) {
    if (relations_[change.before->name] != change.before) wrong(change.before->name, "redefinition of a stranger");
    relations_.erase(change.before->name);
  }
  TableContent table;
  if (change.before) table = std::move(content_.extract(change.before->name).mapped());
  if (!change.after) return;
  if (change.before) {
    redefine(table, change);
  } else {
    table.columns = column_names(*change.after);
  }
  if (!content_.emplace(change.after->name, std::move(table)).second) wrong(change.after->name, "created twice");
  relations_[change.after->name] = change.after;
}

void MirrorModel::truncate(const change::Truncation& change) {
  ++truncations_;
  redefined_ = true;
  for (const change::RelationPtr& relation : change.relations) table_of(relation).rows.clear();
}

std::vector<RowDifference> MirrorModel::take_differences() {
  std::ranges::sort(differences_);
  return std::exchange(differences_, {});
}

bool MirrorModel::take_redefined() { return std::exchange(redefined_, false); }

}  // namespace pgmirror::tests
