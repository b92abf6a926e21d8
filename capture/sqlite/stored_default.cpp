#include "capture/sqlite/stored_default.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

namespace pgmirror::capture::sqlite {
namespace {

std::string bytes_of(const void* bytes, int size) {
  return bytes == nullptr ? std::string()
                          : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

StoredDefault value_of(sqlite3_stmt* row) {
  StoredDefault value;
  switch (sqlite3_column_type(row, 0)) {
    case SQLITE_INTEGER:
      value.kind = change::ValueKind::integer;
      value.integer = sqlite3_column_int64(row, 0);
      break;
    case SQLITE_FLOAT:
      value.kind = change::ValueKind::real;
      value.real = sqlite3_column_double(row, 0);
      break;
    case SQLITE_TEXT: {
      value.kind = change::ValueKind::text;
      const unsigned char* const text = sqlite3_column_text(row, 0);
      value.bytes = bytes_of(text, sqlite3_column_bytes(row, 0));
      break;
    }
    case SQLITE_BLOB: {
      value.kind = change::ValueKind::blob;
      const void* const blob = sqlite3_column_blob(row, 0);
      value.bytes = bytes_of(blob, sqlite3_column_bytes(row, 0));
      break;
    }
    default:
      break;
  }
  return value;
}

bool add_column(ScratchDatabase& scratch, std::string_view default_sql, Affinity affinity) {
  // Bare first: a name in double quotes is a string without parentheses and a column within. Then as an expression.
  for (const char* const form : {"{}", "({})"}) {
    try {
      scratch.execute(fmt::format("ALTER TABLE pgmirror_default ADD COLUMN x {} DEFAULT {}", type_name(affinity),
                                  fmt::format(fmt::runtime(form), default_sql)));
      return true;
    } catch (const ScratchError&) {
      continue;
    }
  }
  return false;
}

}  // namespace

change::Value StoredDefault::value() const {
  switch (kind) {
    case change::ValueKind::null:
    case change::ValueKind::unchanged:
      break;
    case change::ValueKind::integer:
      return change::Value::integer(integer);
    case change::ValueKind::real:
      return change::Value::real(real);
    case change::ValueKind::text:
      return change::Value::text(bytes);
    case change::ValueKind::blob:
      return change::Value::blob(bytes);
  }
  return change::Value::null();
}

std::optional<StoredDefault> stored_default(ScratchDatabase& scratch, std::string_view default_sql, Affinity affinity) {
  scratch.execute("CREATE TABLE pgmirror_default(a); INSERT INTO pgmirror_default VALUES(1)");
  std::optional<StoredDefault> value;
  if (add_column(scratch, default_sql, affinity)) {
    scratch.query("SELECT x FROM pgmirror_default", {},
                  [&](const ScratchStatement& row) { value = value_of(row.handle()); });
  }
  scratch.execute("DROP TABLE pgmirror_default");
  return value;
}

}  // namespace pgmirror::capture::sqlite
