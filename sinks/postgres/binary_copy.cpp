#include "sinks/postgres/binary_copy.hpp"

#include <fmt/format.h>

#include <vector>

#include "sinks/postgres/cell_encoding.hpp"
#include "sinks/postgres/row_statements.hpp"

namespace pgmirror::sinks::postgres {

namespace {

constexpr std::size_t write_size = std::size_t{256} << 10U;

std::string copy_statement(const MirrorTable& table) {
  std::vector<std::string> names;
  for (const MirrorColumn& column : table.columns) names.push_back(column.quoted);
  return fmt::format("COPY {} ({}) FROM STDIN (FORMAT binary)", table.quoted, fmt::join(names, ", "));
}

void append_int16(std::string& out, std::uint16_t number) {
  out.push_back(static_cast<char>(number >> 8U));
  out.push_back(static_cast<char>(number & 0xFFU));
}

}  // namespace

BinaryCopy::BinaryCopy(Connection& connection, const MirrorTable& table)
    : table_(table), copy_(connection.copy_in(copy_statement(table))) {
  constexpr char signature[] = "PGCOPY\n\377\r\n\0";
  buffer_.assign(signature, sizeof signature - 1);
  buffer_.append(8, '\0');
}

void BinaryCopy::add(change::Tuple row, OddValues& odd) {
  append_int16(buffer_, static_cast<std::uint16_t>(table_.columns.size()));
  for (const MirrorColumn& column : table_.columns) {
    const change::Value& value = row[column.source];
    const bool is_odd = append_cell(buffer_, value, column.type) == CellFit::odd;
    if (is_odd) odd.add(table_, odd_key(table_, row), column, value);
    if (column.not_null && (is_odd || value.is_null())) {
      throw NullNotAllowed(std::make_shared<const MirrorTable>(table_),
                           static_cast<std::size_t>(&column - table_.columns.data()));
    }
  }
  if (buffer_.size() >= write_size) {
    copy_.write(buffer_);
    buffer_.clear();
  }
}

std::uint64_t BinaryCopy::finish() {
  append_int16(buffer_, 0xFFFFU);
  copy_.write(buffer_);
  return copy_.finish();
}

}  // namespace pgmirror::sinks::postgres
