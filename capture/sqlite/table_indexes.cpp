#include "capture/sqlite/table_indexes.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "capture/sqlite/folded_name.hpp"

namespace pgmirror::capture::sqlite {
namespace {

void read_index_columns(ScratchDatabase& scratch, change::Index& index) {
  bool over_expression = false;
  scratch.query("SELECT name, coll, cid FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno", {index.name},
                [&](const ScratchStatement& row) {
                  over_expression = over_expression || row.integer(2) < 0;
                  index.columns.push_back(row.text(0));
                  index.collations.push_back(folded_name(row.text(1)) == "binary" ? "" : row.text(1));
                });
  if (!over_expression) return;
  index.columns.clear();
  index.collations.clear();
}

std::string index_sql(ScratchDatabase& scratch, const std::string& name) {
  std::string sql;
  scratch.query("SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?", {name},
                [&](const ScratchStatement& row) { sql = row.text(0); });
  return sql;
}

std::vector<std::string> primary_key(ScratchDatabase& scratch, const std::string& table) {
  std::vector<std::string> names;
  scratch.query("SELECT name FROM pragma_table_xinfo(?) WHERE pk > 0 ORDER BY pk", {table},
                [&](const ScratchStatement& row) { names.push_back(row.text(0)); });
  return names;
}

std::string spelled_table(ScratchDatabase& scratch, const std::string& name) {
  std::string spelled;
  scratch.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE", {name},
                [&](const ScratchStatement& row) { spelled = row.text(0); });
  return spelled;
}

std::string spelled_column(ScratchDatabase& scratch, const std::string& table, const std::string& column) {
  std::string spelled;
  scratch.query("SELECT name FROM pragma_table_xinfo(?) WHERE name = ? COLLATE NOCASE", {table, column},
                [&](const ScratchStatement& row) { spelled = row.text(0); });
  return spelled;
}

bool is_word_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
         letter == '_' || letter == '$' || (static_cast<unsigned char>(letter) & 0x80U) != 0;
}

/// Behind the quoted string, name or comment that begins at `at`; `at` itself where none does.
std::size_t behind_quoted(std::string_view sql, std::size_t at) {
  const char letter = sql[at];
  if (letter == '\'' || letter == '"' || letter == '`') {
    for (std::size_t i = at + 1; i < sql.size(); ++i) {
      if (sql[i] != letter) continue;
      if (i + 1 < sql.size() && sql[i + 1] == letter) {
        ++i;
      } else {
        return i + 1;
      }
    }
    return sql.size();
  }
  const auto behind = [&](std::string_view end) {
    const std::size_t found = sql.find(end, at + 1);
    return found == std::string_view::npos ? sql.size() : found + end.size();
  };
  if (letter == '[') return behind("]");
  if (sql.substr(at, 2) == "--") return behind("\n");
  if (sql.substr(at, 2) == "/*") return behind("*/");
  return at;
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view spaces = " \t\r\n\f;";
  const std::size_t begin = text.find_first_not_of(spaces);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(spaces) - begin + 1));
}

}  // namespace

std::string index_predicate(std::string_view sql) {
  int depth = 0;
  for (std::size_t at = 0; at < sql.size();) {
    if (const std::size_t behind = behind_quoted(sql, at); behind != at) {
      at = behind;
      continue;
    }
    if (sql[at] == '(') ++depth;
    if (sql[at] == ')') --depth;
    if (!is_word_letter(sql[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < sql.size() && is_word_letter(sql[end])) ++end;
    if (depth == 0 && folded_name(sql.substr(at, end - at)) == "where") return trimmed(sql.substr(end));
    at = end;
  }
  return {};
}

std::vector<change::Index> read_indexes(ScratchDatabase& scratch, const std::string& table) {
  std::vector<change::Index> indexes;
  scratch.query("SELECT name, \"unique\", partial FROM pragma_index_list(?) WHERE origin <> 'pk' ORDER BY name",
                {table}, [&](const ScratchStatement& row) {
                  change::Index index;
                  index.name = row.text(0);
                  index.unique = row.integer(1) != 0;
                  index.definition = index_sql(scratch, index.name);
                  if (row.integer(2) != 0) index.where_sql = index_predicate(index.definition);
                  read_index_columns(scratch, index);
                  indexes.push_back(std::move(index));
                });
  return indexes;
}

std::vector<change::ForeignKey> read_foreign_keys(ScratchDatabase& scratch, const std::string& table) {
  std::map<std::int64_t, change::ForeignKey, std::greater<>> keys;  // SQLite numbers them from the last to the first
  scratch.query("SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?) ORDER BY id, seq", {table},
                [&](const ScratchStatement& row) {
                  change::ForeignKey& key = keys[row.integer(0)];
                  key.referenced_table = row.text(1);
                  key.columns.push_back(row.text(2));
                  if (!row.is_null(3)) key.referenced_columns.push_back(row.text(3));
                });
  std::vector<change::ForeignKey> result;
  for (auto& [id, key] : keys) {
    key.referenced_table = spelled_table(scratch, key.referenced_table);
    if (key.referenced_columns.empty()) key.referenced_columns = primary_key(scratch, key.referenced_table);
    for (std::string& name : key.referenced_columns) name = spelled_column(scratch, key.referenced_table, name);
    for (std::string& name : key.columns) name = spelled_column(scratch, table, name);
    const bool complete = key.referenced_columns.size() == key.columns.size() &&
                          std::ranges::find(key.referenced_columns, "") == key.referenced_columns.end();
    if (complete && !key.referenced_table.empty()) result.push_back(std::move(key));
  }
  return result;
}

}  // namespace pgmirror::capture::sqlite
