#include "tests/unit/queue/sample_transactions.hpp"

#include <fmt/format.h>

#include <functional>
#include <ostream>
#include <random>

namespace pgmirror::queue::testing {
namespace {

using change::Value;

change::RelationPtr relation(std::uint64_t version, std::uint64_t table) {
  auto made = std::make_shared<change::Relation>();
  made->schema = table % 2 == 0 ? "" : "shop";
  made->name = fmt::format("table_{}", table);
  made->columns.push_back(
      {.name = "id", .declared_type = "INTEGER", .family = change::TypeFamily::integer, .not_null = true});
  made->columns.push_back({.name = "name", .declared_type = "", .default_sql = "'?'", .collation = "NOCASE"});
  for (std::uint64_t extra = 0; extra < version % 4; ++extra) {
    made->columns.push_back(
        {.name = fmt::format("extra_{}", extra), .declared_type = "REAL", .family = change::TypeFamily::real});
  }
  made->key = {0};
  made->indexes.push_back({.name = "by_name", .unique = true, .columns = {"name"}, .where_sql = "name <> ''"});
  if (table == 2) {
    made->foreign_keys.push_back(
        {.columns = {"id"}, .referenced_schema = "shop", .referenced_table = "table_1", .referenced_columns = {"id"}});
  }
  return made;
}

// The cells' bytes live as long as this.
class Cells {
 public:
  explicit Cells(std::mt19937_64& chance) : chance_(chance) {}

  change::Tuple row(std::size_t columns) {
    texts_.clear();
    texts_.reserve(columns);
    cells_.clear();
    for (std::size_t i = 0; i < columns; ++i) cells_.push_back(cell());
    return cells_;
  }

 private:
  Value cell() {
    switch (chance_() % 7) {
      case 0:
        return Value::null();
      case 1:
        return Value::unchanged();
      case 2:
        return Value::integer(static_cast<std::int64_t>(chance_() >> (chance_() % 64)) * (chance_() % 2 == 0 ? 1 : -1));
      case 3:
        return Value::real(std::bit_cast<double>(chance_()));
      default: {
        std::string bytes(chance_() % 60, 'x');
        for (char& byte : bytes) byte = static_cast<char>(chance_() % 3 == 0 ? chance_() : 'a' + chance_() % 4);
        texts_.push_back(std::move(bytes));
        return chance_() % 3 == 0 ? Value::blob(texts_.back()) : Value::text(texts_.back());
      }
    }
  }

  std::mt19937_64& chance_;
  std::vector<std::string> texts_;
  std::vector<Value> cells_;
};

void for_each_change(change::Position position, const std::function<void(const Item&)>& use) {
  std::mt19937_64 chance(position.value);
  Cells new_cells(chance);
  Cells old_cells(chance);
  const auto version = position.value / 20;
  const std::vector<change::RelationPtr> relations{relation(version, 0), relation(version, 1), relation(version, 2)};
  if (position.value % 20 == 0) {
    use(change::SchemaChange{relation(version - 1, 1), relations[1], {{"extra_0", "renamed"}}});
  }
  if (position.value % 17 == 0) use(change::Truncation{{relations[0], relations[2]}});
  if (position.value % 11 == 0) use(change::ContentGap{relations[1], "rewritten"});
  if (position.value % 7 == 0) {
    use(change::SchemaStatement{.stage = change::SchemaStatement::Stage::after_data,
                                .kind = "index",
                                .schema = "s",
                                .name = fmt::format("i{}", position.value),
                                .sql = "CREATE INDEX",
                                .required = position.value % 2 == 0});
    if (position.value % 14 == 0) {
      use(change::SchemaStatement{.kind = change::table_layout_kind,
                                  .schema = "s",
                                  .name = "t",
                                  .table = "t",
                                  .parts = {"column a", "index i"}});
    }
    use(change::SequenceValue{
        .schema = "s", .name = "q", .value = 3 - static_cast<std::int64_t>(position.value), .descending = true});
    use(change::SequenceValue{.schema = "s", .name = "owned", .value = 8, .table = "t", .column = "c"});
  }
  const auto rows = position.value % 13 == 0 ? 60 + chance() % 200 : chance() % 4;
  for (std::uint64_t i = 0; i < rows; ++i) {
    change::RowChange row;
    row.relation = relations[chance() % relations.size()];
    row.operation = static_cast<change::RowOperation>(chance() % 3);
    const auto columns = row.relation->columns.size();
    if (row.operation != change::RowOperation::insert &&
        (row.operation == change::RowOperation::remove || chance() % 2 == 0)) {
      row.old_key = old_cells.row(columns);
    }
    if (row.operation != change::RowOperation::remove) row.new_row = new_cells.row(columns);
    use(row);
  }
}

std::string text_of(change::Tuple tuple) {
  std::string text = "(";
  for (const Value& value : tuple) {
    switch (value.kind()) {
      case change::ValueKind::null:
        text += "null,";
        break;
      case change::ValueKind::unchanged:
        text += "same,";
        break;
      case change::ValueKind::integer:
        text += fmt::format("{},", value.as_integer());
        break;
      case change::ValueKind::real:
        text += fmt::format("r{:x},", std::bit_cast<std::uint64_t>(value.as_real()));
        break;
      case change::ValueKind::text:
        text += fmt::format("t{}:{},", value.bytes().size(), value.bytes());
        break;
      case change::ValueKind::blob:
        text += fmt::format("b{}:{},", value.bytes().size(), value.bytes());
        break;
    }
  }
  return text + ")";
}

std::string text_of(const change::RelationPtr& relation) {
  if (!relation) return "none";
  std::string text = relation->qualified_name() + "[";
  for (const auto& column : relation->columns) {
    text += fmt::format("{} {} {} {} {} {},", column.name, column.declared_type, static_cast<int>(column.family),
                        column.not_null, column.default_sql.value_or("-"), column.collation);
  }
  for (const auto& index : relation->indexes) text += index.name + index.where_sql;
  for (const auto& key : relation->foreign_keys) text += key.referenced_table + key.referenced_columns.front();
  return text + "]";
}

}  // namespace

std::string text_of(const Item& item) {
  if (const auto* row = std::get_if<change::RowChange>(&item)) {
    return fmt::format("{} {} {} {}\n", static_cast<int>(row->operation), text_of(row->relation), text_of(row->old_key),
                       text_of(row->new_row));
  }
  if (const auto* schema = std::get_if<change::SchemaChange>(&item)) {
    std::string text = "schema " + text_of(schema->before) + " " + text_of(schema->after);
    for (const auto& [from, to] : schema->renamed_columns) text += " " + from + ">" + to;
    return text + "\n";
  }
  if (const auto* gap = std::get_if<change::ContentGap>(&item)) {
    return fmt::format("gap {} {}\n", text_of(gap->relation), gap->reason);
  }
  if (const auto* statement = std::get_if<change::SchemaStatement>(&item)) {
    return fmt::format("statement {} {} {} {} {} {}\n", static_cast<int>(statement->stage), statement->kind,
                       statement->schema, statement->name, statement->sql, statement->required);
  }
  if (const auto* value = std::get_if<change::SequenceValue>(&item)) {
    return fmt::format("sequence {} {} {} {} {} {}\n", value->schema, value->name, value->value, value->descending,
                       value->table, value->column);
  }
  std::string text = "truncate";
  for (const auto& relation : std::get<change::Truncation>(item).relations) text += " " + text_of(relation);
  return text + "\n";
}

change::CommitTime sample_time(change::Position position) {
  return change::CommitTime{std::chrono::seconds{1'700'000'000} + std::chrono::milliseconds{position.value}};
}

void write_sample_changes(change::TransactionWriter& writer, change::Position position) {
  writer.begin();
  for_each_change(position, [&writer](const Item& item) {
    if (const auto* row = std::get_if<change::RowChange>(&item)) writer.row(*row);
    if (const auto* schema = std::get_if<change::SchemaChange>(&item)) writer.schema(*schema);
    if (const auto* truncation = std::get_if<change::Truncation>(&item)) writer.truncate(*truncation);
    if (const auto* gap = std::get_if<change::ContentGap>(&item)) writer.gap(*gap);
    if (const auto* statement = std::get_if<change::SchemaStatement>(&item)) writer.statement(*statement);
    if (const auto* value = std::get_if<change::SequenceValue>(&item)) writer.sequence(*value);
  });
}

void write_sample(change::TransactionWriter& writer, change::Position position) {
  write_sample_changes(writer, position);
  writer.commit({position, sample_time(position)});
}

Transaction sample(change::Position position) {
  std::string text;
  for_each_change(position, [&text](const Item& item) { text += text_of(item); });
  return {position, text};
}

std::vector<Transaction> samples(std::uint64_t first, std::uint64_t last) {
  std::vector<Transaction> all;
  for (auto position = first; position <= last; ++position) all.push_back(sample({position}));
  return all;
}

std::vector<Transaction> read_all(Cursor& cursor) {
  std::vector<Transaction> all;
  bool inside = false;
  std::string text;
  while (const Item* item = cursor.next()) {
    if (std::holds_alternative<Begin>(*item) == inside) throw std::logic_error("a begin is missing or in the middle");
    if (std::holds_alternative<Begin>(*item)) {
      inside = true;
    } else if (const auto* commit = std::get_if<change::Commit>(item)) {
      if (commit->time != sample_time(commit->position)) throw std::logic_error("a commit time is wrong");
      if (cursor.position() != commit->position) throw std::logic_error("the cursor's position is wrong");
      all.push_back({commit->position, std::move(text)});
      text.clear();
      inside = false;
    } else {
      text += text_of(*item);
    }
  }
  if (inside) throw std::logic_error("the end came inside a transaction");
  return all;
}

void PrintTo(const Transaction& transaction, std::ostream* out) {
  *out << to_string(transaction.position) << " (" << transaction.text.size() << " bytes)";
}

}  // namespace pgmirror::queue::testing
