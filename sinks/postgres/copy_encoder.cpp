#include "sinks/postgres/copy_encoder.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sinks/postgres/binary_field.hpp"
#include "sinks/postgres/cell_encoding.hpp"

namespace pgmirror::sinks::postgres {

using change::CopyForm;

namespace {

constexpr std::string_view binary_header{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};
constexpr std::string_view binary_trailer{"\377\377", 2};

bool copies_binary(const MirrorTable& table) {
  return std::ranges::all_of(table.columns, [](const MirrorColumn& column) { return column.type.copies_binary(); });
}

}  // namespace

std::string copy_in_sql(const MirrorTable& table, CopyForm form) {
  const char* format = form == CopyForm::text ? "text" : "binary";
  std::vector<std::string> names;
  for (const MirrorColumn& column : table.columns) names.push_back(column.quoted);
  // A table may have no columns left.
  if (names.empty()) return fmt::format("COPY {} FROM STDIN (FORMAT {})", table.quoted, format);
  return fmt::format("COPY {} ({}) FROM STDIN (FORMAT {})", table.quoted, fmt::join(names, ", "), format);
}

std::string_view copy_header(CopyForm form) { return form == CopyForm::text ? std::string_view{} : binary_header; }
std::string_view copy_trailer(CopyForm form) { return form == CopyForm::text ? std::string_view{} : binary_trailer; }

CopyEncoder::CopyEncoder(const MirrorTable& table)
    : table_(table), form_(copies_binary(table) ? CopyForm::binary : CopyForm::text) {
  for (const MirrorColumn& column : table.columns) not_null_.push_back(column.not_null);
  // Those have to stay so: the server refuses the row.
  for (const std::size_t column : table.key) not_null_[column] = false;
}

void CopyEncoder::append(CopyBlock& block, change::Tuple row) {
  const bool text = form_ == CopyForm::text;
  if (!text) append_network_order(block.bytes, static_cast<std::int16_t>(table_.columns.size()));
  for (std::size_t i = 0; i < table_.columns.size(); ++i) {
    const MirrorColumn& column = table_.columns[i];
    const change::Value& value = row[column.source];
    const std::size_t start = block.bytes.size();
    if (text && i > 0) block.bytes += '\t';
    const CellFit fit =
        text ? append_copy_text_cell(block.bytes, value, column.type) : append_cell(block.bytes, value, column.type);
    if (fit == CellFit::stored && !value.is_null()) continue;
    // An odd cell of text COPY is always NULL; a binary one begins with the length -1.
    const bool is_null = text || static_cast<unsigned char>(block.bytes[start]) == 0xFF;
    note_odd(block, row, i, is_null);
  }
  if (text) block.bytes += '\n';
  ++block.rows;
}

void CopyEncoder::note_odd(CopyBlock& block, change::Tuple row, std::size_t column, bool is_null) {
  const MirrorColumn& target = table_.columns[column];
  if (is_null && not_null_[column]) {
    not_null_[column] = false;
    block.allow_null.push_back(column);
  }
  const change::Value& value = row[target.source];
  if (!value.is_null()) block.odd.add(table_, odd_key(table_, row), target, value);
}

}  // namespace pgmirror::sinks::postgres
