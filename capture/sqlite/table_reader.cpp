#include "capture/sqlite/table_reader.hpp"

#include <memory>

#include "capture/sqlite/database_pages.hpp"
#include "capture/sqlite/payload.hpp"
#include "capture/sqlite/read_ahead.hpp"
#include "capture/sqlite/record.hpp"
#include "capture/sqlite/row_decoder.hpp"
#include "capture/sqlite/tree_cursor.hpp"

namespace pgmirror::capture::sqlite {
namespace {

TreeKind kind_of(const TableLayout& layout) { return layout.without_rowid ? TreeKind::index : TreeKind::table; }

void count(change::ColumnProfile& profile, const change::Value& value) {
  switch (value.kind()) {
    case change::ValueKind::null:
    case change::ValueKind::unchanged:
      ++profile.nulls;
      return;
    case change::ValueKind::integer:
      ++profile.integers;
      if (value.as_integer() != 0 && value.as_integer() != 1) ++profile.not_boolean;
      return;
    case change::ValueKind::real:
      ++profile.reals;
      break;
    case change::ValueKind::text:
      ++profile.texts;
      break;
    case change::ValueKind::blob:
      ++profile.blobs;
      break;
  }
  ++profile.not_boolean;
}

/// Whether what is at hand of a record has its header and all small integers, whose values count.
bool tells_types(std::span<const std::byte> beginning) {
  if (!holds_fields(beginning, 0)) return false;
  const std::byte* at = beginning.data();
  std::uint64_t content = take_varint(at, at + beginning.size());
  const std::byte* const header_end = beginning.data() + content;
  while (at < header_end) {
    const std::uint64_t type = take_varint(at, header_end);
    content += serial_type_size(type);
    if (type >= 1 && type <= 6 && content > beginning.size()) return false;
  }
  return true;
}

/// A value of which only the type counts, or a small integer.
change::Value counted_value(std::uint64_t type, std::span<const std::byte> beginning, std::uint64_t offset) {
  RecordField field{type, {}};
  if (type >= 1 && type <= 6) {
    if (offset > beginning.size() || beginning.size() - offset < serial_type_size(type)) {
      throw DamagedPage("value runs past its record");
    }
    field.bytes = beginning.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(serial_type_size(type)));
  }
  return field.is_real() ? change::Value::real(0) : field.value();
}

void count_record(const TableLayout& layout, std::int64_t row_id, std::span<const std::byte> beginning,
                  change::TableProfile& profile) {
  const std::byte* at = beginning.data();
  std::uint64_t offset = take_varint(at, at + beginning.size());
  if (offset > beginning.size()) throw DamagedPage("record header runs past its record");
  const std::byte* const header_end = beginning.data() + offset;
  for (const StoredField& field : layout.fields) {
    change::Value value = field.fallback.value();
    if (at < header_end) {
      const std::uint64_t type = take_varint(at, header_end);
      value = counted_value(type, beginning, offset);
      offset += serial_type_size(type);
    }
    if (field.row_id_alias) value = change::Value::integer(row_id);
    if (field.real && value.kind() == change::ValueKind::integer) value = change::Value::real(0);
    if (field.column) count(profile.columns[*field.column], value);
  }
  if (layout.relation->has_row_id) count(profile.columns[0], change::Value::integer(row_id));
}

void count_records(const DatabasePages& pages, const TableLayout& layout, change::TableProfile& profile) {
  Payload payload;
  TreeCursor cursor;
  cursor.start(pages, kind_of(layout), layout.root);
  while (const Cell* cell = cursor.next()) {
    ++profile.rows;
    const bool local = cell->overflow == 0 || tells_types(cell->local);
    count_record(layout, cell->row_id, local ? cell->local : payload.load(pages, *cell), profile);
  }
}

/// For tables whose virtual columns must be computed from the values.
void count_rows(const PageImage& image, const TableLayout& layout, change::TableProfile& profile) {
  read_table(image, layout, [&](change::Tuple row) {
    ++profile.rows;
    for (std::size_t i = 0; i < row.size(); ++i) count(profile.columns[i], row[i]);
    return true;
  });
}

}  // namespace

void read_table(const PageImage& image, const TableLayout& layout, const std::function<bool(change::Tuple)>& consume) {
  const ReadAhead in_order(image);
  const DatabasePages pages(in_order);
  RowDecoder decoder(std::make_shared<const TableLayout>(layout));
  Payload payload;
  TreeCursor cursor;
  cursor.start(pages, kind_of(layout), layout.root);
  while (const Cell* cell = cursor.next()) {
    if (!consume(decoder.decode(cell->row_id, payload.load(pages, *cell)))) return;
  }
}

change::TableProfile profile_table(const PageImage& image, const TableLayout& layout) {
  change::TableProfile profile;
  profile.columns.resize(layout.relation->columns.size());
  if (!layout.virtual_columns.empty()) {
    count_rows(image, layout, profile);
  } else {
    const ReadAhead in_order(image);
    count_records(DatabasePages(in_order), layout, profile);
  }
  return profile;
}

}  // namespace pgmirror::capture::sqlite
