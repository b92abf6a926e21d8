#include "sinks/postgres/row_renderer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "sinks/postgres/array_parameter.hpp"
#include "sinks/postgres/dense_range.hpp"
#include "sinks/postgres/text_array.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::Value;

constexpr Oid bigint_array_oid = 1016;
constexpr std::string_view regclass = "regclass";
/// A third of the server's work where the keys follow each other, as in a purge or a change of a whole table.
constexpr std::size_t least_range = 100;

const Value* row_cells(const RowEffect& effect) { return effect.row; }
const Value* key_cells(const RowEffect& effect) { return effect.key; }
/// Where the row stood before: under another key, or under its own.
const Value* old_key_cells(const RowEffect& effect) { return effect.from != nullptr ? effect.from : effect.key; }

/// Whether ANY can be given the cells as one list: an array of arrays is an array.
bool listed(const TargetType& type) { return !type.needs_cast() || (!type.sql.ends_with(']') && type.sql != regclass); }

std::string compared(const std::string& operand, const MirrorColumn& column) {
  return column.compared_as.empty() ? operand : fmt::format("{}::{}", operand, column.compared_as);
}

TargetType plain_text() { return {.sql = "text", .oid = 25, .array_oid = text_array_oid, .array_sql = "text[]"}; }

}  // namespace

Statement RowRenderer::clear_odd(const Rows& rows) const {
  const TargetType text = plain_text();
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

Statement RowRenderer::remove(const Rows& rows, std::optional<std::uint64_t> expected) {
  libpq::Parameters parameters;
  std::string sql;
  if (table_.key.size() == 1 && listed(table_.columns[table_.key.front()].type)) {
    const MirrorColumn& key = table_.columns[table_.key.front()];
    std::string keys = cells(rows, table_.key.front(), key_cells);
    if (rows.size() >= least_range) {
      if (const auto range = dense_range(keys, key.type.encoding)) {
        return {.sql = fmt::format("DELETE FROM {} AS t WHERE t.{} BETWEEN '{}'::bigint AND '{}'::bigint",
                                   table_.quoted, key.quoted, range->first, range->last),
                .parameters = {},
                .expectation = {expected}};
      }
    }
    parameters.binary(std::move(keys), key.type.array_oid);
    const std::string& type = key.compared_as.empty() ? key.type.sql : key.compared_as;
    sql = fmt::format("DELETE FROM {} AS t WHERE {} {} ANY ($1{})", table_.quoted, compared("t." + key.quoted, key),
                      key.equal, key.type.needs_cast() ? fmt::format("::{}[]", type) : "");
  } else {
    add_arrays(parameters, rows, table_.key, key_cells);
    sql = fmt::format("DELETE FROM {} AS t USING {} WHERE {}", table_.quoted, unnest({{'c', table_.key}}),
                      match_key('c'));
  }
  return {.sql = std::move(sql), .parameters = std::move(parameters), .expectation = {expected}};
}

Statement RowRenderer::insert_empty(std::uint64_t copies) const {
  return {.sql = fmt::format("INSERT INTO {} SELECT FROM generate_series(1, {})", table_.quoted, copies),
          .parameters = {},
          .expectation = {copies}};
}

Statement RowRenderer::remove_empty(std::uint64_t copies) const {
  return {.sql = fmt::format("DELETE FROM {0} AS d USING (SELECT t.tableoid AS o, t.ctid AS c FROM {0} AS t LIMIT {1})"
                             " AS f WHERE d.ctid = f.c AND d.tableoid = f.o",
                             table_.quoted, copies),
          .parameters = {},
          .expectation = {copies}};
}

/// Compared as the server prints them, so that types without an equality, NULLs and NaNs are found too.
Statement RowRenderer::remove_whole(const Rows& rows) {
  const Columns all = every_column();
  const TargetType text = plain_text();
  const TargetType number{.sql = "bigint",
                          .oid = 20,
                          .array_oid = bigint_array_oid,
                          .array_sql = "bigint[]",
                          .encoding = TargetType::Encoding::bigint};
  libpq::Parameters parameters;
  Texts arrays;
  Texts names;
  Texts standing;
  Texts wanted;
  for (const std::size_t column : all) {
    ArrayParameter array(text, rows.size());
    for (const RowEffect* row : rows) array.add(row->key[table_.columns[column].source]);
    parameters.binary(array.take(), text_array_oid);
    arrays.push_back(fmt::format("${}::text[]", parameters.count()));
    names.push_back(fmt::format("c{}", column));
    standing.push_back("t." + table_.columns[column].quoted);
    wanted.push_back(fmt::format("u.c{}", column));
  }
  ArrayParameter copies(number, rows.size());
  std::uint64_t expected = 0;
  for (const RowEffect* row : rows) {
    copies.add(Value::integer(static_cast<std::int64_t>(row->copies)));
    expected += row->copies;
  }
  parameters.binary(copies.take(), bigint_array_oid);
  const std::string sql = fmt::format(
      "DELETE FROM {0} AS d USING (SELECT t.tableoid AS o, t.ctid AS c, u.copies,"
      " row_number() OVER (PARTITION BY u.place) AS number"
      " FROM unnest({1}, ${2}::bigint[]) WITH ORDINALITY AS u({3}, copies, place)"
      " JOIN {0} AS t ON ROW({4})::text = ROW({5})::text) AS f"
      " WHERE d.ctid = f.c AND d.tableoid = f.o AND f.number <= f.copies",
      table_.quoted, fmt::join(arrays, ", "), parameters.count(), fmt::join(names, ", "), fmt::join(standing, ", "),
      fmt::join(wanted, ", "));
  return {.sql = sql, .parameters = std::move(parameters), .expectation = {expected}};
}

Statement RowRenderer::update(const Rows& rows, const Columns& columns) {
  const Columns unique = unique_among(columns);
  if (!unique.empty() && columns.size() + table_.key.size() == table_.columns.size()) {
    return update_unique(rows, columns, unique);
  }
  Columns sent = table_.key;
  sent.insert(sent.end(), columns.begin(), columns.end());
  libpq::Parameters parameters;
  add_arrays(parameters, rows, sent, row_cells);
  return {.sql = fmt::format("UPDATE {} AS t SET {} FROM {} WHERE {}", table_.quoted,
                             fmt::join(assignments(columns), ", "), unnest({{'c', sent}}), match_key('c')),
          .parameters = std::move(parameters),
          .expectation = {rows.size()}};
}

Statement RowRenderer::move(const Rows& rows, const Columns& columns) {
  libpq::Parameters parameters;
  add_arrays(parameters, rows, table_.key, old_key_cells);
  add_arrays(parameters, rows, columns, row_cells);
  return {
      .sql = fmt::format("UPDATE {} AS t SET {} FROM {} WHERE {}", table_.quoted, fmt::join(assignments(columns), ", "),
                         unnest({{'k', table_.key}, {'c', columns}}), match_key('k')),
      .parameters = std::move(parameters),
      .expectation = {rows.size()}};
}

/// The three parts see the same rows of before, and counting `gone` makes all of it happen first.
Statement RowRenderer::update_unique(const Rows& rows, const Columns& columns, const Columns& unique) {
  Texts stays;
  for (const std::size_t column : unique) {
    const MirrorColumn& unique_column = table_.columns[column];
    // As texts where the type's equality, if it has one, may be out of sight.
    stays.push_back(unique_column.type.needs_cast()
                        ? fmt::format("t.{}::text IS NOT DISTINCT FROM u.c{}", unique_column.quoted, column)
                        : fmt::format("t.{} IS NOT DISTINCT FROM {}", unique_column.quoted, element('c', column)));
  }
  const Columns all = every_column();
  const auto [names, elements] = names_and_elements(all);
  Texts gone_keys;
  Texts rejoin;
  for (const std::size_t column : table_.key) {
    gone_keys.push_back(fmt::format("t.{} AS k{}", table_.columns[column].quoted, column));
    const MirrorColumn& key = table_.columns[column];
    rejoin.push_back(fmt::format("{} {} {}", compared(fmt::format("gone.k{}", column), key), key.equal,
                                 compared(element('c', column), key)));
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
      unnest({{'c', all}}), table_.quoted, match_key('c'), same, fmt::join(gone_keys, ", "),
      fmt::join(assignments(columns), ", "), fmt::join(names, ", "), fmt::join(elements, ", "),
      fmt::join(rejoin, " AND "));
  libpq::Parameters parameters;
  add_arrays(parameters, rows, all, row_cells);
  return {.sql = sql, .parameters = std::move(parameters), .expectation = {rows.size(), true}};
}

Statement RowRenderer::exchange(const Rows& rows) {
  libpq::Parameters parameters;
  std::uint64_t expected = 0;
  Texts parts;
  Texts gone;
  Texts back;
  std::size_t number = 0;
  for (const auto& [columns, group] : by_columns(rows, true)) {
    const int first = parameters.count();
    add_arrays(parameters, group, table_.key, old_key_cells);
    add_arrays(parameters, group, columns, row_cells);
    expected += group.size();
    Texts kept;
    Texts names;
    Texts cells;
    for (const std::size_t column : every_column()) {
      names.push_back(table_.columns[column].quoted);
      const bool sent = std::ranges::find(columns, column) != columns.end();
      cells.push_back(sent ? "g" + element('c', column).substr(1) : fmt::format("g.o{}", column));
      if (!sent) kept.push_back(fmt::format("t.{} AS o{}", table_.columns[column].quoted, column));
    }
    for (std::size_t own = 0; own < table_.own_columns.size(); ++own) {
      names.push_back(table_.own_columns[own]);
      cells.push_back(fmt::format("g.m{}", own));
      kept.push_back(fmt::format("t.{} AS m{}", table_.own_columns[own], own));
    }
    for (const std::size_t column : columns) kept.push_back(fmt::format("u.c{}", column));
    parts.push_back(fmt::format("gone{} AS (DELETE FROM {} AS t USING {} WHERE {} RETURNING {})", number, table_.quoted,
                                unnest({{'k', table_.key}, {'c', columns}}, first), match_key('k'),
                                fmt::join(kept, ", ")));
    gone.push_back(fmt::format("(SELECT count(*) FROM gone{})", number));
    back.push_back(fmt::format("back{0} AS (INSERT INTO {1} ({2}){3} SELECT {4} FROM gone{0} AS g WHERE ", number,
                               table_.quoted, fmt::join(names, ", "), overriding(), fmt::join(cells, ", ")));
    ++number;
  }
  Texts counts;
  for (std::size_t i = 0; i < number; ++i) {
    parts.push_back(fmt::format("{}{} >= 0 RETURNING 1)", back[i], fmt::join(gone, " + ")));
    counts.push_back(fmt::format("(SELECT count(*) FROM back{})", i));
  }
  return {.sql = fmt::format("WITH {} SELECT {}", fmt::join(parts, ", "), fmt::join(counts, " + ")),
          .parameters = std::move(parameters),
          .expectation = {expected, true}};
}

Statement RowRenderer::insert(const Rows& rows) {
  const Columns all = every_column();
  const auto [names, elements] = names_and_elements(all);
  libpq::Parameters parameters;
  add_arrays(parameters, rows, all, row_cells);
  return {.sql = fmt::format("INSERT INTO {} ({}){} SELECT {} FROM {}", table_.quoted, fmt::join(names, ", "),
                             overriding(), fmt::join(elements, ", "), unnest({{'c', all}})),
          .parameters = std::move(parameters),
          .expectation = {rows.size()}};
}

std::vector<Statement> RowRenderer::updates(const Rows& rows) {
  std::vector<Statement> statements;
  for (const auto& [columns, group] : by_columns(rows, false)) {
    // All columns are key columns: the update changed nothing that the mirror has.
    if (columns.empty()) continue;
    const bool refused = table_.has_identity_always() &&
                         (!unique_among(columns).empty() || std::ranges::any_of(columns, [this](std::size_t column) {
                           return table_.columns[column].identity_always;
                         }));
    statements.push_back(refused ? exchange(group) : update(group, columns));
  }
  return statements;
}

std::vector<Statement> RowRenderer::moves(const Rows& rows) {
  // A key that is left and taken within the batch: no order of single rows need exist.
  const bool entangled = std::ranges::any_of(rows, &RowEffect::left) || table_.has_identity_always();
  std::vector<Statement> statements;
  if (entangled) {
    statements.push_back(exchange(rows));
    return statements;
  }
  for (const auto& [columns, group] : by_columns(rows, true)) statements.push_back(move(group, columns));
  return statements;
}

RowRenderer::Columns RowRenderer::every_column() const {
  Columns all(table_.columns.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

const char* RowRenderer::overriding() const { return table_.has_identity_always() ? " OVERRIDING SYSTEM VALUE" : ""; }

std::pair<RowRenderer::Texts, RowRenderer::Texts> RowRenderer::names_and_elements(const Columns& columns) const {
  Texts names;
  Texts elements;
  for (const std::size_t column : columns) {
    names.push_back(table_.columns[column].quoted);
    elements.push_back(element('c', column));
  }
  return {std::move(names), std::move(elements)};
}

RowRenderer::Texts RowRenderer::assignments(const Columns& columns) const {
  Texts out;
  for (const std::size_t column : columns) {
    out.push_back(fmt::format("{} = {}", table_.columns[column].quoted, element('c', column)));
  }
  return out;
}

RowRenderer::Columns RowRenderer::unique_among(const Columns& columns) const {
  Columns unique;
  for (const std::size_t column : table_.unique_columns) {
    if (std::ranges::find(columns, column) != columns.end()) unique.push_back(column);
  }
  return unique;
}

std::map<RowRenderer::Columns, RowRenderer::Rows> RowRenderer::by_columns(const Rows& rows, bool with_key) const {
  std::map<Columns, Rows> groups;
  Rows whole;
  for (const RowEffect* row : rows) {
    if (!row->partial) {
      whole.push_back(row);
    } else {
      groups[sent_columns(*row, with_key)].push_back(row);
    }
  }
  if (!whole.empty()) groups[sent_columns(*whole.front(), with_key)] = std::move(whole);
  return groups;
}

RowRenderer::Columns RowRenderer::sent_columns(const RowEffect& row, bool with_key) const {
  Columns columns;
  for (std::size_t column = 0; column < table_.columns.size(); ++column) {
    const bool is_key = std::ranges::find(table_.key, column) != table_.key.end();
    if (is_key && !with_key) continue;
    if (!row.row[table_.columns[column].source].is_unchanged()) columns.push_back(column);
  }
  return columns;
}

change::Tuple RowRenderer::tuple(const Value* cells_of_row) const {
  return {cells_of_row, table_.relation->columns.size()};
}

std::string RowRenderer::element(char prefix, std::size_t column) const {
  const TargetType& type = table_.columns[column].type;
  // From text they are cast by another function than the one that reads what they print.
  if (type.sql == regclass) return fmt::format("regclassin(textout(u.{}{}))", prefix, column);
  return type.needs_cast() ? fmt::format("u.{}{}::{}", prefix, column, type.sql)
                           : fmt::format("u.{}{}", prefix, column);
}

std::string RowRenderer::unnest(const std::vector<Arrays>& arrays, int first) const {
  Texts arrays_sql;
  Texts names;
  for (const auto& [prefix, columns] : arrays) {
    for (const std::size_t column : columns) {
      arrays_sql.push_back(fmt::format("${}::{}", ++first, table_.columns[column].type.array_sql));
      names.push_back(fmt::format("{}{}", prefix, column));
    }
  }
  return fmt::format("unnest({}) AS u({})", fmt::join(arrays_sql, ", "), fmt::join(names, ", "));
}

std::string RowRenderer::match_key(char prefix) const {
  Texts conditions;
  for (const std::size_t column : table_.key) {
    const MirrorColumn& key = table_.columns[column];
    conditions.push_back(
        fmt::format("{} {} {}", compared("t." + key.quoted, key), key.equal, compared(element(prefix, column), key)));
  }
  return fmt::format("{}", fmt::join(conditions, " AND "));
}

void RowRenderer::add_arrays(libpq::Parameters& parameters, const Rows& rows, const Columns& columns,
                             CellsOf cells_of) {
  for (const std::size_t column : columns) {
    parameters.binary(cells(rows, column, cells_of), table_.columns[column].type.array_oid);
  }
}

std::string RowRenderer::cells(const Rows& rows, std::size_t column, CellsOf cells_of) {
  const MirrorColumn& target = table_.columns[column];
  const bool of_rows = cells_of == row_cells;
  const bool in_key = std::ranges::find(table_.key, column) != table_.key.end();
  ArrayParameter array(target.type, rows.size());
  for (const RowEffect* row : rows) {
    const Value& value = cells_of(*row)[target.source];
    const bool odd = array.add(value) == CellFit::odd && of_rows;
    if (odd) odd_.add(table_, odd_key(table_, tuple(row->key)), target, value);
    // A key has to stay one: the server refuses that row.
    if (of_rows && target.not_null && !in_key && array.last_is_null()) throw NullNotAllowed(shared_, column);
  }
  return array.take();
}

}  // namespace pgmirror::sinks::postgres
