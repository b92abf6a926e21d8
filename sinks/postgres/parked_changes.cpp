#include "sinks/postgres/parked_changes.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "libpq/database_transaction.hpp"
#include "libpq/utf8.hpp"
#include "sinks/postgres/hex_text.hpp"
#include "sinks/postgres/odd_values.hpp"
#include "sinks/postgres/row_statements.hpp"

namespace pgmirror::sinks::postgres {

namespace {

using change::Value;
using change::ValueKind;
using nlohmann::json;

const char* operation_text(RowEffect::Kind kind) {
  switch (kind) {
    case RowEffect::Kind::insert:
      return "insert";
    case RowEffect::Kind::update:
      return "update";
    case RowEffect::Kind::remove:
      return "delete";
    case RowEffect::Kind::nothing:
      break;
  }
  return "nothing";
}

/// Numbers as text: JSON readers may round them.
json to_json(const Value& value) {
  switch (value.kind()) {
    case ValueKind::null:
      return nullptr;
    case ValueKind::unchanged:
      return {{"unchanged", true}};
    case ValueKind::integer:
    case ValueKind::real:
      return {{std::string(storage_class(value.kind())), raw_bytes(value)}};
    case ValueKind::text:
      // jsonb holds no NUL and no invalid UTF-8.
      if (libpq::is_storable_text(value.bytes())) return {{"text", value.bytes()}};
      return {{"text_hex", hex_text(value.bytes())}};
    case ValueKind::blob:
      return {{"blob", hex_text(value.bytes())}};
  }
  return nullptr;
}

/// `bytes` owns what the value points into.
Value from_json(const json& cell, std::string& bytes) {
  if (cell.is_null()) return Value::null();
  const auto only = cell.begin();
  const std::string& name = only.key();
  const json& content = only.value();
  if (name == "unchanged") return Value::unchanged();
  bytes = content.get<std::string>();
  if (name == "integer") return Value::integer(std::stoll(bytes));
  if (name == "real") return Value::real(std::strtod(bytes.c_str(), nullptr));
  if (name == "text") return Value::text(bytes);
  bytes = bytes_of_hex(bytes);
  return name == "blob" ? Value::blob(bytes) : Value::text(bytes);
}

std::string on_conflict_do_nothing(const MirrorTable& table) {
  std::vector<std::string> key;
  for (const std::size_t column : table.key) key.push_back(table.columns[column].quoted);
  return key.empty() ? "" : fmt::format(" ON CONFLICT ({}) DO NOTHING", fmt::join(key, ", "));
}

}  // namespace

void park(libpq::Connection& connection, const std::string& mirror, change::Position position, std::uint64_t ordinal,
          const MirrorTable& table, const RowEffect& effect, const libpq::DatabaseError& error, unsigned attempts) {
  // Enough of the relation to read the row back without the source.
  json columns = json::array();
  const Value* cells = effect.row != nullptr ? effect.row : effect.key;
  for (std::size_t i = 0; i < table.relation->columns.size(); ++i) {
    const change::Column& column = table.relation->columns[i];
    columns.push_back({{"name", column.name},
                       {"declared_type", column.declared_type},
                       {"family", static_cast<int>(column.family)},
                       {"value", to_json(cells[i])}});
  }
  libpq::Parameters parameters;
  parameters.text(mirror);
  parameters.integer(static_cast<std::int64_t>(position.value)).integer(static_cast<std::int64_t>(ordinal));
  parameters.text(table.schema).text(table.name).text(operation_text(effect.kind));
  const json row{{"columns", columns},
                 {"key", table.relation->key},
                 {"has_row_id", table.relation->has_row_id},
                 {"schema", table.relation->schema}};
  parameters.text(row.dump()).text(error.what()).text(error.sqlstate());
  parameters.integer(attempts);
  connection.execute(
      "INSERT INTO pgmirror.parked (mirror, position, ordinal, schema_name, table_name, operation, change, error,"
      " sqlstate, attempts) VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10)",
      parameters);
}

std::vector<ParkedChange> list_parked(libpq::Connection& connection, const std::string& mirror) {
  libpq::Parameters parameters;
  parameters.text(mirror);
  const libpq::Result rows = connection.execute(
      "SELECT id, position, schema_name, table_name, operation, error, coalesce(sqlstate, '') FROM pgmirror.parked"
      " WHERE mirror = $1 ORDER BY id",
      parameters);
  std::vector<ParkedChange> parked;
  for (int row = 0; row < rows.rows(); ++row) {
    const auto text = [&](int column) { return std::string(rows.text(row, column)); };
    parked.push_back({.id = rows.integer(row, 0),
                      .position = {static_cast<std::uint64_t>(rows.integer(row, 1))},
                      .schema = text(2),
                      .table = text(3),
                      .operation = text(4),
                      .error = text(5),
                      .sqlstate = text(6)});
  }
  return parked;
}

std::uint64_t count_parked(libpq::Connection& connection, const std::string& mirror) {
  libpq::Parameters parameters;
  parameters.text(mirror);
  return static_cast<std::uint64_t>(
      connection.execute("SELECT count(*) FROM pgmirror.parked WHERE mirror = $1", parameters).integer(0, 0));
}

bool retry_parked(libpq::Connection& connection, const SchemaBuilder& schema, const std::string& mirror,
                  std::int64_t id) {
  libpq::DatabaseTransaction transaction(connection);
  libpq::Parameters which;
  which.text(mirror).integer(id);
  const libpq::Result found = connection.execute(
      "SELECT table_name, change FROM pgmirror.parked WHERE mirror = $1 AND id = $2 FOR UPDATE", which);
  if (found.rows() == 0) return false;
  const json stored = json::parse(found.text(0, 1));

  auto relation = std::make_shared<change::Relation>();
  relation->schema = stored.at("schema").get<std::string>();
  relation->name = found.text(0, 0);
  relation->key = stored.at("key").get<std::vector<std::size_t>>();
  relation->has_row_id = stored.at("has_row_id").get<bool>();
  const json& columns = stored.at("columns");
  std::vector<std::string> bytes(columns.size());
  std::vector<Value> row;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    relation->columns.push_back({.name = columns[i].at("name").get<std::string>(),
                                 .declared_type = columns[i].at("declared_type").get<std::string>(),
                                 .family = static_cast<change::TypeFamily>(columns[i].at("family").get<int>())});
    row.push_back(from_json(columns[i].at("value"), bytes[i]));
  }

  const MirrorTablePtr table = schema.describe(connection, relation);
  TableEffects effects(table);
  effects.add(change::RowOperation::insert, {}, row);
  effects.end_transaction();
  OddValues odd;
  for (const Statement& statement : render(effects, ApplyMode::direct, false, odd)) {
    connection.execute(statement.sql + on_conflict_do_nothing(*table), statement.parameters);
  }
  if (!odd.empty()) odd.write(connection);
  connection.execute("DELETE FROM pgmirror.parked WHERE mirror = $1 AND id = $2", which);
  transaction.commit();
  return true;
}

bool discard_parked(libpq::Connection& connection, const std::string& mirror, std::int64_t id) {
  libpq::Parameters parameters;
  parameters.text(mirror).integer(id);
  return connection.execute("DELETE FROM pgmirror.parked WHERE mirror = $1 AND id = $2", parameters).affected() == 1;
}

}  // namespace pgmirror::sinks::postgres
