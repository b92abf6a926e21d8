#include "tests/support/same_content.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <pqxx/pqxx>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/support/canonical_cell.hpp"
#include "tests/support/connection_text.hpp"

namespace pgmirror::tests {
namespace {

struct Statement {
  Statement(sqlite3* database, const std::string& sql) {
    if (sqlite3_prepare_v2(database, sql.c_str(), -1, &handle, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(database));
  }
  ~Statement() { sqlite3_finalize(handle); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  bool step() {
    const int result = sqlite3_step(handle);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
      throw std::runtime_error(sqlite3_errmsg(sqlite3_db_handle(handle)));
    return result == SQLITE_ROW;
  }
  std::string text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle, column));
    return bytes == nullptr ? "" : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle, column)));
  }
  sqlite3_stmt* handle = nullptr;
};

std::string in_double_quotes(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

/// A SQLite file opened beside its application, at one commit from the first statement on.
class SourceSide {
 public:
  explicit SourceSide(const std::filesystem::path& file) {
    if (sqlite3_open_v2(file.c_str(), &database_, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK)
      throw std::runtime_error(file.string() + ": " + sqlite3_errmsg(database_));
    sqlite3_busy_timeout(database_, 10'000);
    sqlite3_exec(database_, "BEGIN", nullptr, nullptr, nullptr);
  }
  ~SourceSide() { sqlite3_close(database_); }
  SourceSide(const SourceSide&) = delete;
  SourceSide& operator=(const SourceSide&) = delete;

  std::set<std::string> tables() {
    std::set<std::string> names;
    Statement list(database_, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'");
    while (list.step())
      if (const auto name = list.text(0); !name.starts_with("sqlite_")) names.insert(name);
    return names;
  }
  std::vector<std::string> columns(const std::string& table) {
    std::vector<std::string> names;
    // hidden = 1 is a hidden column of a virtual table, 2 and 3 are generated ones.
    Statement list(database_, "SELECT name FROM pragma_table_xinfo(" + in_single_quotes(table) + ") WHERE hidden <> 1");
    while (list.step()) names.push_back(list.text(0));
    return names;
  }
  sqlite3* native() { return database_; }

 private:
  static std::string in_single_quotes(const std::string& text) {
    std::string quoted = "'";
    for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
    return quoted + "'";
  }
  sqlite3* database_ = nullptr;
};

/// The mirror at one commit.
class MirrorSide {
 public:
  MirrorSide(const config::ConnectionSettings& settings, std::string schema)
      : connection_(connection_string(settings)), session_(connection_), schema_(std::move(schema)) {}

  std::set<std::string> tables() {
    std::set<std::string> names;
    for (const auto& row : session_.exec_params("SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = "
                                                "c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')",
                                                schema_))
      names.insert(row[0].as<std::string>());
    return names;
  }
  std::map<std::string, std::string> column_types(const std::string& table) {
    std::map<std::string, std::string> types;
    for (const auto& row : session_.exec_params(
             "SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a JOIN pg_class c ON c.oid = "
             "a.attrelid "
             "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 "
             "AND NOT a.attisdropped",
             schema_, table))
      types[row[0].as<std::string>()] = row[1].as<std::string>();
    return types;
  }
  pqxx::result rows(const std::string& table, const std::vector<std::string>& columns) {
    std::string list;
    for (const auto& column : columns) list += (list.empty() ? "" : ", ") + in_double_quotes(column);
    return session_.exec("SELECT " + list + " FROM " + in_double_quotes(schema_) + "." + in_double_quotes(table));
  }
  /// Cells of `table` kept in pgmirror.odd_values: column name and what kept_cell() gives.
  std::vector<std::string> odd_cells(const std::string& table) {
    std::vector<std::string> cells;
    if (session_.exec1("SELECT to_regclass('pgmirror.odd_values') IS NULL")[0].as<bool>()) return cells;
    for (const auto& row :
         session_.exec_params("SELECT column_name, storage_class, encode(raw, 'hex') FROM pgmirror.odd_values WHERE "
                              "schema_name = $1 AND table_name = $2",
                              schema_, table))
      cells.push_back(row[0].as<std::string>() + " " + row[1].as<std::string>() + " " +
                      (row[2].is_null() ? std::string() : row[2].as<std::string>()));
    std::sort(cells.begin(), cells.end());
    return cells;
  }

 private:
  pqxx::connection connection_;
  pqxx::transaction<pqxx::repeatable_read> session_;
  std::string schema_;
};

/// Everything that differs, of which the first few are told.
class Differences {
 public:
  void add(std::string difference) {
    if (++count_ <= most_told) text_ += "\n  " + std::move(difference);
  }
  testing::AssertionResult result() const {
    if (count_ == 0) return testing::AssertionSuccess() << "both sides hold the same";
    return testing::AssertionFailure() << count_ << " differences, the first of them:" << text_;
  }

 private:
  static constexpr std::size_t most_told = 12;
  std::size_t count_ = 0;
  std::string text_;
};

std::string printable(const std::string& row) {
  std::string text;
  for (const char c : row.substr(0, 300))
    text += c >= ' ' && c < 127 ? std::string(1, c) : c == '\x1f' ? " | " : fmt::format("\\x{:02x}", c & 0xff);
  return text;
}

void add_set_differences(Differences& differences, const std::string& what, std::vector<std::string> source,
                         std::vector<std::string> mirror) {
  std::sort(source.begin(), source.end());
  std::sort(mirror.begin(), mirror.end());
  std::vector<std::string> missing;
  std::vector<std::string> surplus;
  std::set_difference(source.begin(), source.end(), mirror.begin(), mirror.end(), std::back_inserter(missing));
  std::set_difference(mirror.begin(), mirror.end(), source.begin(), source.end(), std::back_inserter(surplus));
  // Alternately, so that the two sides of one changed row are both told.
  for (std::size_t i = 0; i < std::max(missing.size(), surplus.size()); ++i) {
    if (i < missing.size()) differences.add(what + ": missing in the mirror: " + printable(missing[i]));
    if (i < surplus.size()) differences.add(what + ": only in the mirror: " + printable(surplus[i]));
  }
}

struct ComparedColumn {
  std::string name;
  std::string type;
};

std::vector<ComparedColumn> compared_columns(Differences& differences, SourceSide& source, MirrorSide& mirror,
                                             const std::string& table, const ContentRules& rules) {
  auto types = mirror.column_types(table);
  std::vector<ComparedColumn> columns;
  for (const auto& name : source.columns(table)) {
    const bool excluded = rules.excluded_columns.contains(table + "." + name);
    const auto found = types.find(name);
    if (excluded && found != types.end()) differences.add(table + "." + name + ": excluded, yet it is in the mirror");
    if (excluded) continue;
    if (found == types.end()) {
      differences.add(table + "." + name + ": no such column in the mirror");
      continue;
    }
    if (!known_type(found->second)) throw std::logic_error("this comparison does not know the type " + found->second);
    columns.push_back({name, found->second});
  }
  return columns;
}

/// Calls `consume` with each cell of each row; the cell is a copy that does not change when it is looked at.
void read_rows(SourceSide& source, const std::string& table, const std::vector<ComparedColumn>& columns,
               const std::function<void(const ComparedColumn&, sqlite3_value*)>& consume,
               const std::function<void()>& row_ended) {
  std::string list;
  for (const auto& column : columns) list += (list.empty() ? "" : ", ") + in_double_quotes(column.name);
  Statement select(source.native(), "SELECT " + list + " FROM " + in_double_quotes(table));
  while (select.step()) {
    int number = 0;
    for (const auto& column : columns) {
      const std::unique_ptr<sqlite3_value, decltype(&sqlite3_value_free)> cell(
          sqlite3_value_dup(sqlite3_column_value(select.handle, number++)), sqlite3_value_free);
      consume(column, cell.get());
    }
    row_ended();
  }
}

/// `expected`: cells that the mirror's types cannot hold. Others may be kept besides, where the cell in the mirror does
/// not tell the storage class, as long as the source really holds them.
void compare_odd_cells(Differences& differences, SourceSide& source, const std::string& table,
                       std::vector<std::string> expected, const std::vector<std::string>& kept,
                       const std::vector<ComparedColumn>& columns) {
  std::sort(expected.begin(), expected.end());
  std::vector<std::string> missing;
  std::set_difference(expected.begin(), expected.end(), kept.begin(), kept.end(), std::back_inserter(missing));
  for (const auto& cell : missing) differences.add(table + ": odd value that was not kept: " + cell);
  std::vector<std::string> surplus;
  std::set_difference(kept.begin(), kept.end(), expected.begin(), expected.end(), std::back_inserter(surplus));
  if (surplus.empty()) return;
  std::vector<std::string> held;
  read_rows(
      source, table, columns,
      [&](const ComparedColumn& column, sqlite3_value* cell) {
        if (sqlite3_value_type(cell) != SQLITE_NULL) held.push_back(column.name + " " + kept_cell(cell));
      },
      [] {});
  std::sort(held.begin(), held.end());
  std::vector<std::string> stray;
  std::set_difference(surplus.begin(), surplus.end(), held.begin(), held.end(), std::back_inserter(stray));
  for (const auto& cell : stray) differences.add(table + ": odd value that the source does not hold: " + cell);
}

void compare_table(Differences& differences, SourceSide& source, MirrorSide& mirror, const std::string& table,
                   const ContentRules& rules) {
  const auto columns = compared_columns(differences, source, mirror, table, rules);
  if (columns.empty()) return;

  std::vector<std::string> source_rows;
  std::vector<std::string> odd;
  std::string row;
  read_rows(
      source, table, columns,
      [&](const ComparedColumn& column, sqlite3_value* cell) {
        const auto expected = canonical_sqlite_cell(cell, column.type);
        if (expected.odd) odd.push_back(column.name + " " + kept_cell(cell));
        row += expected.canonical + '\x1f';
      },
      [&] { source_rows.push_back(std::exchange(row, {})); });

  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  std::vector<std::string> mirror_rows;
  for (const auto& printed : mirror.rows(table, names)) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto field = printed[static_cast<pqxx::row::size_type>(i)];
      const auto text = field.is_null() ? std::nullopt : std::optional(std::string_view(field.c_str(), field.size()));
      row += canonical_mirror_cell(text, columns[i].type) + '\x1f';
    }
    mirror_rows.push_back(std::exchange(row, {}));
  }
  add_set_differences(differences, table, std::move(source_rows), std::move(mirror_rows));
  compare_odd_cells(differences, source, table, std::move(odd), mirror.odd_cells(table), columns);
}

}  // namespace

testing::AssertionResult same_content(const std::filesystem::path& sqlite_file,
                                      const config::ConnectionSettings& mirror_settings, const std::string& schema,
                                      const ContentRules& rules) {
  SourceSide source(sqlite_file);
  MirrorSide mirror(mirror_settings, schema);
  Differences differences;
  const auto mirror_tables = mirror.tables();
  auto surplus = mirror_tables;
  for (const auto& table : rules.extra_tables) surplus.erase(table);
  for (const auto& table : source.tables()) {
    if (rules.excluded_tables.contains(table)) continue;
    surplus.erase(table);
    if (!mirror_tables.contains(table)) {
      differences.add(table + ": no such table in the mirror");
      continue;
    }
    try {
      compare_table(differences, source, mirror, table, rules);
    } catch (const pqxx::sql_error& changed) {
      return testing::AssertionFailure() << table << ": changed in the mirror while it was read: " << changed.what();
    }
  }
  for (const auto& table : surplus) differences.add(table + ": only in the mirror");
  return differences.result();
}

}  // namespace pgmirror::tests
