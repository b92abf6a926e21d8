#include "capture/sqlite/table_reader.hpp"

#include <memory>

#include "capture/sqlite/database_pages.hpp"
#include "capture/sqlite/payload.hpp"
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

}  // namespace

void read_table(const PageImage& image, const TableLayout& layout, const std::function<bool(change::Tuple)>& consume) {
  const DatabasePages pages(image);
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
  read_table(image, layout, [&](change::Tuple row) {
    ++profile.rows;
    for (std::size_t i = 0; i < row.size(); ++i) count(profile.columns[i], row[i]);
    return true;
  });
  return profile;
}

}  // namespace pgmirror::capture::sqlite
