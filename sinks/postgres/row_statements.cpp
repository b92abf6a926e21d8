#include "sinks/postgres/row_statements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "sinks/postgres/array_parameter.hpp"

namespace pgmirror::sinks::postgres {

namespace {

using change::Value;
using Rows = std::vector<const RowEffect*>;
using Columns = std::vector<std::size_t>;

constexpr Oid text_array_oid = 1009;

class Renderer {
 public:
  Renderer(const TableEffects& effects, OddValues& odd)
      : shared_(effects.table()), table_(*effects.table()), odd_(odd) {}

  Statement clear_odd(const Rows& rows) const {
    const TargetType text{.sql = "text", .oid = 25, .array_oid = text_array_oid, .array_sql = "text[]"};
    ArrayParameter keys(text, rows.size());
    for (const RowEffect* row : rows) {
      const std::string key = odd_key(table_, tuple(row->key));
      keys.add(Value::text(key));
    }
    Statement statement{.sql =
                            "DELETE FROM pgmirror.odd_values WHERE schema_name = $1 AND table_name = $2"
                            " AND key = ANY ($3)",
                        .parameters = {}};
    statement.parameters.text(table_.schema).text(table_.name).binary(keys.take(), text_array_oid);
    return statement;
  }

  Statement remove(const Rows& rows, std::optional<std::uint64_t> expected) {
    libpq::Parameters parameters;
    for (const std::size_t column : table_.key) {
      parameters.binary(cells(rows, column, &RowEffect::key), table_.columns[column].type.array_oid);
    }
    std::string sql;
    if (table_.key.size() == 1) {
      const MirrorColumn& key = table_.columns[table_.key.front()];
      sql = fmt::format("DELETE FROM {} AS t WHERE t.{} = ANY ($1{})", table_.quoted, key.quoted,
                        key.type.needs_cast() ? fmt::format("::{}[]", key.type.sql) : "");
    } else {
      sql = fmt::format("DELETE FROM {} AS t USING {} WHERE {}", table_.quoted, unnest(table_.key), match_key());
    }
    return {.sql = std::move(sql), .parameters = std::move(parameters), .expectation = {expected}};
  }

  /// `columns`: those to set; the key's are not among them.
  Statement update(const Rows& rows, const Columns& columns) {
    Columns sent = table_.key;
    sent.insert(sent.end(), columns.begin(), columns.end());
    const Columns unique = unique_among(columns);
    if (!unique.empty() && columns.size() + table_.key.size() == table_.columns.size()) {
      return update_unique(rows, columns, unique);
    }
    std::vector<std::string> assignments;
    for (const std::size_t column : columns) {
      assignments.push_back(fmt::format("{} = {}", table_.columns[column].quoted, element(column)));
    }
    return {.sql = fmt::format("UPDATE {} AS t SET {} FROM {} WHERE {}", table_.quoted, fmt::join(assignments, ", "),
                               unnest(sent), match_key()),
            .parameters = arrays(rows, sent),
            .expectation = {rows.size()}};
  }

  /// The three parts see the same rows of before, and counting `gone` makes all of it happen first.
  Statement update_unique(const Rows& rows, const Columns& columns, const Columns& unique) {
    std::vector<std::string> stays;
    for (const std::size_t column : unique) {
      stays.push_back(fmt::format("t.{} IS NOT DISTINCT FROM {}", table_.columns[column].quoted, element(column)));
    }
    std::vector<std::string> assignments;
    for (const std::size_t column : columns) {
      assignments.push_back(fmt::format("{} = {}", table_.columns[column].quoted, element(column)));
    }
    const Columns all = every_column();
    const auto [names, elements] = names_and_elements(all);
    std::vector<std::string> gone_keys;
    std::vector<std::string> rejoin;
    for (const std::size_t column : table_.key) {
      gone_keys.push_back(fmt::format("t.{} AS k{}", table_.columns[column].quoted, column));
      rejoin.push_back(fmt::format("gone.k{} = {}", column, element(column)));
    }
    const std::string same = fmt::format("{}", fmt::join(stays, " AND "));
    const std::string sql = fmt::format(
        "WITH u AS MATERIALIZED (SELECT * FROM {0}),"
        " gone AS (DELETE FROM {1} AS t USING u WHERE {2} AND NOT ({3}) RETURNING {4}),"
        " changed AS (UPDATE {1} AS t SET {5} FROM u WHERE {2} AND {3} AND (SELECT count(*) FROM gone) >= 0 RETURNING "
        "1),"
        " back AS (INSERT INTO {1} ({6}) SELECT {7} FROM u JOIN gone ON {8} WHERE (SELECT count(*) FROM gone) >= 0"
        " RETURNING 1)"
        " SELECT (SELECT count(*) FROM changed) + (SELECT count(*) FROM back)",
        unnest(all), table_.quoted, match_key(), same, fmt::join(gone_keys, ", "), fmt::join(assignments, ", "),
        fmt::join(names, ", "), fmt::join(elements, ", "), fmt::join(rejoin, " AND "));
    return {.sql = sql, .parameters = arrays(rows, all), .expectation = {rows.size(), true}};
  }

  Statement insert(const Rows& rows) {
    const Columns all = every_column();
    const auto [names, elements] = names_and_elements(all);
    return {.sql = fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}", table_.quoted, fmt::join(names, ", "),
                               fmt::join(elements, ", "), unnest(all)),
            .parameters = arrays(rows, all),
            .expectation = {rows.size()}};
  }

  /// The updates grouped by the columns that they set: all of them unless the source left some out.
  std::vector<Statement> updates(const Rows& rows) {
    std::map<Columns, Rows> groups;
    Rows whole;
    for (const RowEffect* row : rows) {
      if (!row->partial) {
        whole.push_back(row);
      } else {
        groups[columns_to_set(*row)].push_back(row);
      }
    }
    if (!whole.empty()) groups[columns_to_set(*whole.front())] = std::move(whole);
    std::vector<Statement> statements;
    for (const auto& [columns, group] : groups) {
      // All columns are key columns: the update changed nothing that the mirror has.
      if (!columns.empty()) statements.push_back(update(group, columns));
    }
    return statements;
  }

 private:
  Columns every_column() const {
    Columns all(table_.columns.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
  }

  std::pair<std::vector<std::string>, std::vector<std::string>> names_and_elements(const Columns& columns) const {
    std::vector<std::string> names;
    std::vector<std::string> elements;
    for (const std::size_t column : columns) {
      names.push_back(table_.columns[column].quoted);
      elements.push_back(element(column));
    }
    return {std::move(names), std::move(elements)};
  }

  Columns unique_among(const Columns& columns) const {
    Columns unique;
    for (const std::size_t column : table_.unique_columns) {
      if (std::ranges::find(columns, column) != columns.end()) unique.push_back(column);
    }
    return unique;
  }

  change::Tuple tuple(const Value* cells_of_row) const { return {cells_of_row, table_.relation->columns.size()}; }

  Columns columns_to_set(const RowEffect& row) const {
    Columns columns;
    for (std::size_t column = 0; column < table_.columns.size(); ++column) {
      const bool is_key = std::ranges::find(table_.key, column) != table_.key.end();
      if (!is_key && !row.row[table_.columns[column].source].is_unchanged()) columns.push_back(column);
    }
    return columns;
  }

  std::string element(std::size_t column) const {
    const TargetType& type = table_.columns[column].type;
    return type.needs_cast() ? fmt::format("u.c{}::{}", column, type.sql) : fmt::format("u.c{}", column);
  }

  std::string unnest(const Columns& columns) const {
    std::vector<std::string> arrays_sql;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      arrays_sql.push_back(fmt::format("${}::{}", i + 1, table_.columns[columns[i]].type.array_sql));
      names.push_back(fmt::format("c{}", columns[i]));
    }
    return fmt::format("unnest({}) AS u({})", fmt::join(arrays_sql, ", "), fmt::join(names, ", "));
  }

  std::string match_key() const {
    std::vector<std::string> conditions;
    for (const std::size_t column : table_.key) {
      conditions.push_back(fmt::format("t.{} = {}", table_.columns[column].quoted, element(column)));
    }
    return fmt::format("{}", fmt::join(conditions, " AND "));
  }

  libpq::Parameters arrays(const Rows& rows, const Columns& columns) {
    libpq::Parameters parameters;
    for (const std::size_t column : columns) {
      parameters.binary(cells(rows, column, &RowEffect::row), table_.columns[column].type.array_oid);
    }
    return parameters;
  }

  std::string cells(const Rows& rows, std::size_t column, const Value* RowEffect::*which) {
    const MirrorColumn& target = table_.columns[column];
    ArrayParameter array(target.type, rows.size());
    const bool of_rows = which == &RowEffect::row;
    for (const RowEffect* row : rows) {
      const Value& value = (row->*which)[target.source];
      const bool odd = array.add(value) == CellFit::odd && of_rows;
      if (odd) odd_.add(table_, odd_key(table_, tuple(row->key)), target, value);
      if (of_rows && target.not_null && array.last_is_null()) throw NullNotAllowed(shared_, column);
    }
    return array.take();
  }

  const MirrorTablePtr& shared_;
  const MirrorTable& table_;
  OddValues& odd_;
};

}  // namespace

NullNotAllowed::NullNotAllowed(MirrorTablePtr refusing_table, std::size_t refusing_column)
    : std::runtime_error(fmt::format("{}: column {} does not allow NULL", refusing_table->quoted,
                                     refusing_table->columns[refusing_column].quoted)),
      table(std::move(refusing_table)),
      column(refusing_column) {}

std::uint64_t RowExpectation::drift(const libpq::Result& answer) const {
  if (!rows) return 0;
  const std::uint64_t touched = counts_in_result ? static_cast<std::uint64_t>(answer.integer(0, 0)) : answer.affected();
  return touched > *rows ? touched - *rows : *rows - touched;
}

std::vector<Statement> render(const TableEffects& effects, ApplyMode mode, bool clear_odd, OddValues& odd) {
  Rows removed;
  Rows updated;
  Rows inserted;
  for (const RowEffect& row : effects.rows()) {
    if (row.kind == RowEffect::Kind::remove) removed.push_back(&row);
    if (row.kind == RowEffect::Kind::update) updated.push_back(&row);
    if (row.kind == RowEffect::Kind::insert) inserted.push_back(&row);
  }
  Renderer renderer(effects, odd);
  std::vector<Statement> statements;
  if (clear_odd && removed.size() + updated.size() > 0) {
    Rows touched = removed;
    touched.insert(touched.end(), updated.begin(), updated.end());
    statements.push_back(renderer.clear_odd(touched));
  }
  if (mode == ApplyMode::direct) {
    if (!removed.empty()) statements.push_back(renderer.remove(removed, removed.size()));
    std::ranges::move(renderer.updates(updated), std::back_inserter(statements));
    if (!inserted.empty()) statements.push_back(renderer.insert(inserted));
    return statements;
  }
  const std::uint64_t expected = removed.size() + updated.size();
  for (const Rows* rows : {&updated, &inserted}) removed.insert(removed.end(), rows->begin(), rows->end());
  if (!removed.empty()) statements.push_back(renderer.remove(removed, expected));
  updated.insert(updated.end(), inserted.begin(), inserted.end());
  if (!updated.empty()) statements.push_back(renderer.insert(updated));
  return statements;
}

}  // namespace pgmirror::sinks::postgres
