#include "sinks/postgres/row_digest.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "sinks/postgres/cell_encoding.hpp"

namespace pgmirror::sinks::postgres {

namespace {

using Encoding = TargetType::Encoding;

std::int32_t field_length(std::string_view bytes) {
  std::uint32_t length = 0;
  for (int i = 0; i < 4; ++i) length = length << 8U | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  return static_cast<std::int32_t>(length);
}

/// The server spells jsonb its own way; so do we, the same way for both sides.
void respell_json(std::string& field) {
  constexpr std::size_t header = 5;  // length and version
  if (field.size() <= header) return;
  const auto parsed = nlohmann::json::parse(field.begin() + header, field.end(), nullptr, false);
  if (!parsed.is_discarded()) field = parsed.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// What a PostgreSQL source printed is compared with what the mirror prints.
TargetType compared_as(TargetType type) {
  if (type.family == change::TypeFamily::native) type.encoding = Encoding::cast_text;
  return type;
}

/// As the type's output function prints it, which a cast to text does not do for every type: it drops the spaces of
/// char(n) and spells booleans out.
std::string printed(const MirrorColumn& column) {
  return fmt::format("CASE pg_catalog.num_nulls({0}) WHEN 0 THEN pg_catalog.format('%s', {0}) END", column.quoted);
}

template <typename NextField>
void assemble(const MirrorTable& table, RowImage& image, NextField&& next_field) {
  image.key.clear();
  image.row.clear();
  std::string field;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    field.clear();
    next_field(column, field);
    const TargetType& type = table.columns[column].type;
    if (type.encoding == Encoding::jsonb && type.family != change::TypeFamily::native) respell_json(field);
    image.row += field;
    for (const std::size_t key : table.key) {
      if (key == column) image.key += field;
    }
  }
  if (table.key.empty()) image.key = image.row;
}

}  // namespace

RowDigest RowDigest::of(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

RowDigest& RowDigest::operator+=(const RowDigest& other) {
  low += other.low;
  high += other.high;
  return *this;
}

void image_of_source(const MirrorTable& table, change::Tuple cells, RowImage& image,
                     std::vector<std::size_t>& odd_columns) {
  odd_columns.clear();
  assemble(table, image, [&](std::size_t column, std::string& field) {
    const MirrorColumn& target = table.columns[column];
    const TargetType type = compared_as(target.type);
    if (append_cell(field, cells[target.source], type) == CellFit::odd) odd_columns.push_back(column);
  });
}

void image_of_mirror(const MirrorTable& table, std::string_view fields, RowImage& image) {
  const auto cut = [&fields](std::size_t bytes) {
    if (fields.size() < bytes) throw std::runtime_error("the mirror sent a row that ends too early");
    const std::string_view head = fields.substr(0, bytes);
    fields.remove_prefix(bytes);
    return head;
  };
  assemble(table, image, [&](std::size_t, std::string& field) {
    field = cut(4);
    const std::int32_t length = field_length(field);
    if (length > 0) field += cut(static_cast<std::size_t>(length));
  });
}

std::string comparable_select(const MirrorTable& table) {
  std::vector<std::string> columns;
  for (const MirrorColumn& column : table.columns) {
    columns.push_back(column.type.family == change::TypeFamily::native ? printed(column) : column.quoted);
  }
  return fmt::format("SELECT {} FROM {}", fmt::join(columns, ", "), table.quoted);
}

}  // namespace pgmirror::sinks::postgres
