#include "sinks/postgres/odd_values.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "libpq/utf8.hpp"
#include "sinks/postgres/hex_text.hpp"
#include "sinks/postgres/number_text.hpp"
#include "sinks/postgres/text_array.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::Value;
using change::ValueKind;

nlohmann::json key_cell(const Value& value) {
  switch (value.kind()) {
    case ValueKind::null:
      return nullptr;
    case ValueKind::integer:
      return value.as_integer();
    case ValueKind::real:
      return {{"real", real_text(value.as_real())}};
    case ValueKind::text:
      if (libpq::is_storable_text(value.bytes())) return std::string(value.bytes());
      return {{"text", hex_text(value.bytes())}};
    case ValueKind::blob:
      return {{"blob", hex_text(value.bytes())}};
    case ValueKind::unchanged:
      break;
  }
  throw std::logic_error("a key cell was not sent");
}

}  // namespace

std::string odd_key(const MirrorTable& table, change::Tuple row) {
  nlohmann::json key = nlohmann::json::array();
  for (const std::size_t position : table.key) key.push_back(key_cell(row[table.columns[position].source]));
  return key.dump();
}

std::string_view storage_class(ValueKind kind) {
  switch (kind) {
    case ValueKind::integer:
      return "integer";
    case ValueKind::real:
      return "real";
    case ValueKind::text:
      return "text";
    case ValueKind::blob:
      return "blob";
    case ValueKind::null:
    case ValueKind::unchanged:
      break;
  }
  throw std::logic_error("a value without content has no storage class");
}

std::string raw_bytes(const Value& value) {
  if (value.kind() == ValueKind::integer) return integer_text(value.as_integer());
  if (value.kind() == ValueKind::real) return real_text(value.as_real());
  return std::string(value.bytes());
}

void OddValues::add(const MirrorTable& table, const std::string& key, const MirrorColumn& column, const Value& value) {
  schemas_.push_back(table.schema);
  tables_.push_back(table.name);
  keys_.push_back(key);
  columns_.push_back(column.name);
  classes_.emplace_back(storage_class(value.kind()));
  raws_.push_back(raw_bytes(value));
  bytes_ += table.schema.size() + table.name.size() + key.size() + column.name.size() + raws_.back().size();
}

const std::string& OddValues::insert_sql() {
  static const std::string sql =
      "INSERT INTO pgmirror.odd_values (schema_name, table_name, key, column_name, storage_class, raw) "
      "SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[]) "
      "ON CONFLICT (schema_name, table_name, key, column_name) "
      "DO UPDATE SET storage_class = excluded.storage_class, raw = excluded.raw";
  return sql;
}

libpq::Parameters OddValues::take_parameters() {
  libpq::Parameters parameters;
  for (const auto* texts : {&schemas_, &tables_, &keys_, &columns_, &classes_}) {
    parameters.binary(bytes_array(*texts, text_oid), text_array_oid);
  }
  parameters.binary(bytes_array(raws_, bytea_oid), bytea_array_oid);
  *this = OddValues{};
  return parameters;
}

void OddValues::write(libpq::Connection& connection) {
  if (!empty()) connection.execute(insert_sql(), take_parameters());
}

}  // namespace pgmirror::sinks::postgres
