#include "capture/sqlite/schema_reader.hpp"

#include <fmt/format.h>

#include <array>

#include "capture/sqlite/damaged_page.hpp"
#include "capture/sqlite/payload.hpp"
#include "capture/sqlite/record.hpp"
#include "capture/sqlite/tree_cursor.hpp"

namespace pgmirror::capture::sqlite {
namespace {

std::string text_of(const RecordField& field, TextEncoding encoding) {
  if (!field.is_text()) return {};
  if (encoding == TextEncoding::utf8) return std::string(field.value().bytes());
  std::string result(utf8_capacity(field.bytes.size()), '\0');
  result.resize(to_utf8(field.bytes, encoding, result.data()).size());
  return result;
}

PageNumber root_of(const RecordField& field, PageNumber page_count) {
  if (!field.is_integer()) return 0;
  const std::int64_t root = field.value().as_integer();
  if (root < 0 || root > page_count) throw DamagedPage(fmt::format("schema refers to page {}", root));
  return static_cast<PageNumber>(root);
}

}  // namespace

std::vector<SchemaEntry> read_schema(const DatabasePages& pages) {
  std::vector<SchemaEntry> entries;
  TreeCursor cursor;
  Payload payload;
  cursor.start(pages, TreeKind::table, pages.page_count() == 0 ? 0 : 1);
  while (const Cell* cell = cursor.next()) {
    Record record(payload.load(pages, *cell));
    std::array<RecordField, 5> fields;
    for (RecordField& field : fields) record.next(field);
    entries.push_back({text_of(fields[0], pages.encoding()), text_of(fields[1], pages.encoding()),
                       text_of(fields[2], pages.encoding()), root_of(fields[3], pages.page_count()),
                       text_of(fields[4], pages.encoding())});
  }
  return entries;
}

}  // namespace pgmirror::capture::sqlite
