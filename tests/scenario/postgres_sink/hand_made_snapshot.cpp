#include "tests/scenario/postgres_sink/hand_made_snapshot.hpp"

#include <iterator>

namespace pgmirror::tests {

using change::Column;
using change::Relation;
using change::Value;
using change::ValueKind;

Value Cell::value() const {
  switch (kind) {
    case ValueKind::null:
      return Value::null();
    case ValueKind::unchanged:
      return Value::unchanged();
    case ValueKind::integer:
      return Value::integer(number);
    case ValueKind::real:
      return Value::real(real_number);
    case ValueKind::text:
      return Value::text(bytes);
    case ValueKind::blob:
      return Value::blob(bytes);
  }
  return Value::null();
}

Cell nothing() { return {}; }
Cell integer(std::int64_t number) { return {ValueKind::integer, number, 0, {}}; }
Cell real(double number) { return {ValueKind::real, 0, number, {}}; }
Cell text(std::string bytes) { return {ValueKind::text, 0, 0, std::move(bytes)}; }
Cell blob(std::string bytes) { return {ValueKind::blob, 0, 0, std::move(bytes)}; }

change::RelationPtr HandMadeSnapshot::add(Relation relation, std::vector<Row> rows) {
  const std::uint64_t count = rows.size();
  return add(std::move(relation), count, [rows = std::move(rows)](std::uint64_t row) { return rows[row]; });
}

change::RelationPtr HandMadeSnapshot::add(Relation relation, std::uint64_t count,
                                          std::function<Row(std::uint64_t)> make) {
  auto shared = std::make_shared<const Relation>(std::move(relation));
  contents_[shared->qualified_name()] = {count, std::move(make)};
  relations_.push_back(shared);
  return shared;
}

void HandMadeSnapshot::read(const Relation& relation, const std::function<bool(change::Tuple)>& consume) {
  const Content& content = contents_.at(relation.qualified_name());
  std::vector<Value> values;
  for (std::uint64_t number = 0; number < content.count; ++number) {
    if (before_row_) before_row_(number);
    const Row row = content.make(number);
    values.clear();
    for (const Cell& cell : row) values.push_back(cell.value());
    if (!consume(values)) return;
  }
}

change::TableProfile HandMadeSnapshot::profile(const Relation& relation) {
  const Content& content = contents_.at(relation.qualified_name());
  change::TableProfile profile;
  profile.rows = content.count;
  profile.columns.resize(relation.columns.size());
  for (std::uint64_t number = 0; number < content.count; ++number) {
    const Row row = content.make(number);
    for (std::size_t i = 0; i < row.size(); ++i) {
      change::ColumnProfile& column = profile.columns[i];
      const Cell& cell = row[i];
      if (cell.kind == ValueKind::null) ++column.nulls;
      if (cell.kind == ValueKind::integer) ++column.integers;
      if (cell.kind == ValueKind::real) ++column.reals;
      if (cell.kind == ValueKind::text) ++column.texts;
      if (cell.kind == ValueKind::blob) ++column.blobs;
      const bool boolean =
          cell.kind == ValueKind::null || (cell.kind == ValueKind::integer && (cell.number == 0 || cell.number == 1));
      if (!boolean) ++column.not_boolean;
    }
  }
  return profile;
}

Column column(std::string name, std::string declared_type, change::TypeFamily family) {
  Column column;
  column.name = std::move(name);
  column.declared_type = std::move(declared_type);
  column.family = family;
  return column;
}

Column required(Column column) {
  column.not_null = true;
  return column;
}

Relation table_with_id(std::string name, std::vector<Column> columns) {
  Relation relation;
  relation.name = std::move(name);
  relation.columns.push_back(column("id", "INTEGER", change::TypeFamily::integer));
  relation.columns.insert(relation.columns.end(), std::make_move_iterator(columns.begin()),
                          std::make_move_iterator(columns.end()));
  relation.key = {0};
  return relation;
}

Relation table_with_row_id(std::string name, std::vector<Column> columns, const std::vector<std::size_t>& key) {
  Relation relation = table_with_id(std::move(name), std::move(columns));
  relation.columns.front().name = Relation::row_id_column;
  relation.has_row_id = true;
  relation.key.clear();
  for (const std::size_t position : key) relation.key.push_back(position + 1);
  return relation;
}

}  // namespace pgmirror::tests
