#include "queue/relation_definition.hpp"

#include "queue/wire.hpp"

namespace pgmirror::queue {
namespace {

enum ColumnFlag : std::uint8_t { not_null = 1, generated = 2, has_default = 4, has_collation = 8 };

void append_byte(ByteBuffer& out, std::uint8_t byte) {
  const char character = static_cast<char>(byte);
  out.append({&character, 1});
}

void append_strings(ByteBuffer& out, const std::vector<std::string>& strings) {
  wire::append_varint(out, strings.size());
  for (const auto& text : strings) wire::append_string(out, text);
}

std::string take_string(wire::Reader& in) { return std::string(in.string()); }

std::vector<std::string> take_strings(wire::Reader& in) {
  std::vector<std::string> strings(in.count());
  for (auto& text : strings) text = take_string(in);
  return strings;
}

void append_column(ByteBuffer& out, const change::Column& column) {
  wire::append_string(out, column.name);
  wire::append_string(out, column.declared_type);
  append_byte(out, static_cast<std::uint8_t>(column.family));
  unsigned flags = 0;
  if (column.not_null) flags |= not_null;
  if (column.generated) flags |= generated;
  if (column.default_sql) flags |= has_default;
  if (!column.collation.empty()) flags |= has_collation;
  append_byte(out, static_cast<std::uint8_t>(flags));
  if (column.default_sql) wire::append_string(out, *column.default_sql);
  if (!column.collation.empty()) wire::append_string(out, column.collation);
}

change::Column take_column(wire::Reader& in) {
  change::Column column;
  column.name = take_string(in);
  column.declared_type = take_string(in);
  const auto family = in.byte();
  if (family > static_cast<std::uint8_t>(change::TypeFamily::any))
    throw wire::Malformed("a column's family is unknown");
  column.family = static_cast<change::TypeFamily>(family);
  const unsigned flags = in.byte();
  column.not_null = (flags & not_null) != 0;
  column.generated = (flags & generated) != 0;
  if ((flags & has_default) != 0) column.default_sql = take_string(in);
  if ((flags & has_collation) != 0) column.collation = take_string(in);
  return column;
}

void append_index(ByteBuffer& out, const change::Index& index) {
  wire::append_string(out, index.name);
  append_byte(out, index.unique ? 1 : 0);
  append_strings(out, index.columns);
  wire::append_string(out, index.where_sql);
  wire::append_string(out, index.definition);
  append_strings(out, index.collations);
}

change::Index take_index(wire::Reader& in) {
  change::Index index;
  index.name = take_string(in);
  index.unique = in.byte() != 0;
  index.columns = take_strings(in);
  index.where_sql = take_string(in);
  index.definition = take_string(in);
  index.collations = take_strings(in);
  return index;
}

void append_foreign_key(ByteBuffer& out, const change::ForeignKey& key) {
  append_strings(out, key.columns);
  wire::append_string(out, key.referenced_schema);
  wire::append_string(out, key.referenced_table);
  append_strings(out, key.referenced_columns);
}

change::ForeignKey take_foreign_key(wire::Reader& in) {
  change::ForeignKey key;
  key.columns = take_strings(in);
  key.referenced_schema = take_string(in);
  key.referenced_table = take_string(in);
  key.referenced_columns = take_strings(in);
  return key;
}

}  // namespace

void append_definition(ByteBuffer& out, const change::Relation& relation) {
  wire::append_string(out, relation.schema);
  wire::append_string(out, relation.name);
  wire::append_varint(out, relation.columns.size());
  for (const auto& column : relation.columns) append_column(out, column);
  wire::append_varint(out, relation.key.size());
  for (const auto number : relation.key) wire::append_varint(out, number);
  append_byte(out, relation.has_row_id ? 1 : 0);
  wire::append_varint(out, relation.indexes.size());
  for (const auto& index : relation.indexes) append_index(out, index);
  wire::append_varint(out, relation.foreign_keys.size());
  for (const auto& key : relation.foreign_keys) append_foreign_key(out, key);
  append_byte(out, static_cast<std::uint8_t>(relation.identity));
}

change::Relation parse_definition(std::string_view bytes) {
  wire::Reader in(bytes);
  change::Relation relation;
  relation.schema = take_string(in);
  relation.name = take_string(in);
  for (auto left = in.count(); left > 0; --left) relation.columns.push_back(take_column(in));
  for (auto left = in.count(); left > 0; --left) {
    const auto number = static_cast<std::size_t>(in.varint());
    if (number >= relation.columns.size()) throw wire::Malformed("a key column is not among the columns");
    relation.key.push_back(number);
  }
  relation.has_row_id = in.byte() != 0;
  for (auto left = in.count(); left > 0; --left) relation.indexes.push_back(take_index(in));
  for (auto left = in.count(); left > 0; --left) relation.foreign_keys.push_back(take_foreign_key(in));
  const auto identity = in.byte();
  if (identity > static_cast<std::uint8_t>(change::ReplicaIdentity::nothing)) {
    throw wire::Malformed("a replica identity is of unknown kind " + std::to_string(identity));
  }
  relation.identity = static_cast<change::ReplicaIdentity>(identity);
  if (!in.at_end()) throw wire::Malformed("a relation definition is longer than its fields");
  return relation;
}

}  // namespace pgmirror::queue
