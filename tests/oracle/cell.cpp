#include "tests/oracle/cell.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <bit>
#include <cstdint>
#include <string_view>

namespace pgmirror::tests {
namespace {

std::string real_text(double number) { return fmt::format("real {:x}", std::bit_cast<std::uint64_t>(number)); }

}  // namespace

std::string cell_text(const change::Value& value) {
  switch (value.kind()) {
    case change::ValueKind::null:
      return "null";
    case change::ValueKind::unchanged:
      return "unchanged";
    case change::ValueKind::integer:
      return fmt::format("integer {}", value.as_integer());
    case change::ValueKind::real:
      return real_text(value.as_real());
    case change::ValueKind::text:
      return "text " + std::string(value.bytes());
    case change::ValueKind::blob:
      return "blob " + std::string(value.bytes());
  }
  return "none";
}

std::string cell_text(sqlite3_stmt* row, int column) {
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
      return fmt::format("integer {}", sqlite3_column_int64(row, column));
    case SQLITE_FLOAT:
      return real_text(sqlite3_column_double(row, column));
    case SQLITE_TEXT: {
      const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
      return "text " + std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(row, column)));
    }
    case SQLITE_BLOB: {
      const auto* const blob = static_cast<const char*>(sqlite3_column_blob(row, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
      return size == 0 ? "blob " : "blob " + std::string(blob, size);
    }
    default:
      return "null";
  }
}

}  // namespace pgmirror::tests
