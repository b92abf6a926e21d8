#include "capture/sqlite/scratch_database.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "capture/sqlite/folded_name.hpp"

namespace pgmirror::capture::sqlite {
namespace {

/// NULL rather than an error: SQLite computes all generated columns of a row, also those that nobody asks for.
void answer_null(sqlite3_context* context, int, sqlite3_value**) { sqlite3_result_null(context); }

int compare_bytes(void*, int left_size, const void* left, int right_size, const void* right) {
  const int order = std::memcmp(left, right, static_cast<std::size_t>(std::min(left_size, right_size)));
  return order != 0 ? order : left_size - right_size;
}

void stand_in_for_collation(void*, sqlite3* database, int encoding, const char* name) {
  sqlite3_create_collation(database, name, encoding, nullptr, compare_bytes);
}

const char* encoding_name(TextEncoding encoding) {
  switch (encoding) {
    case TextEncoding::utf8:
      return "PRAGMA encoding='UTF-8'";
    case TextEncoding::utf16le:
      return "PRAGMA encoding='UTF-16le'";
    case TextEncoding::utf16be:
      return "PRAGMA encoding='UTF-16be'";
  }
  return "";
}

}  // namespace

void ScratchStatement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

ScratchStatement::ScratchStatement(sqlite3* database, std::string_view sql) : database_(database) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  statement_.reset(statement);
  if (result != SQLITE_OK) throw ScratchError(sqlite3_errmsg(database));
}

void ScratchStatement::bind(int parameter, const std::string& text) {
  sqlite3_bind_text(handle(), parameter, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

bool ScratchStatement::step() {
  const int result = sqlite3_step(handle());
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) throw ScratchError(sqlite3_errmsg(database_));
  return false;
}

bool ScratchStatement::is_null(int column) const { return sqlite3_column_type(handle(), column) == SQLITE_NULL; }

std::int64_t ScratchStatement::integer(int column) const { return sqlite3_column_int64(handle(), column); }

std::string ScratchStatement::text(int column) const {
  const auto* const bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle(), column))};
}

void ScratchDatabase::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

ScratchDatabase::ScratchDatabase(TextEncoding encoding) {
  sqlite3* database = nullptr;
  const int result = sqlite3_open_v2(":memory:", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  database_.reset(database);
  if (result != SQLITE_OK) throw ScratchError("no memory for a scratch database");
  // Applications were free to write "text" for 'text' when they made their tables.
  sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 1, nullptr);
  sqlite3_collation_needed(database, nullptr, stand_in_for_collation);
  execute(encoding_name(encoding));
}

void ScratchDatabase::execute(const std::string& sql) {
  if (sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw ScratchError(sqlite3_errmsg(handle()));
  }
}

void ScratchDatabase::define(const std::string& sql) {
  while (sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    const std::string message = sqlite3_errmsg(handle());
    if (!stand_in_for_function(message)) throw ScratchError(message);
  }
}

bool ScratchDatabase::stand_in_for_function(const std::string& message) {
  // There is no callback for functions as there is for collations: the message is the only place with the name.
  constexpr std::array<std::string_view, 2> beginnings{"no such function: ", "wrong number of arguments to function "};
  for (const std::string_view beginning : beginnings) {
    if (!message.starts_with(beginning)) continue;
    std::string name = message.substr(beginning.size());
    name = folded_name(name.substr(0, name.find('(')));
    if (!unknown_functions_.insert(name).second) return false;
    return sqlite3_create_function_v2(handle(), name.c_str(), -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr,
                                      answer_null, nullptr, nullptr, nullptr) == SQLITE_OK;
  }
  return false;
}

void ScratchDatabase::query(std::string_view sql, std::initializer_list<std::string> parameters,
                            const std::function<void(const ScratchStatement&)>& row) {
  ScratchStatement statement(handle(), sql);
  int number = 0;
  for (const std::string& parameter : parameters) statement.bind(++number, parameter);
  while (statement.step()) row(statement);
}

bool ScratchDatabase::needs_unknown_function(const std::string& sql) {
  if (unknown_functions_.empty()) return false;
  // The functions of a generated column are looked up when its table is made, so that only the program tells of them:
  // its instructions name a function as `name(arguments)`.
  bool found = false;
  query("EXPLAIN " + sql, {}, [&](const ScratchStatement& instruction) {
    const std::string operand = instruction.text(5);
    found = found || unknown_functions_.contains(folded_name(operand.substr(0, operand.find('('))));
  });
  return found;
}

std::string quote_identifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char letter : name) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + '"';
}

}  // namespace pgmirror::capture::sqlite
