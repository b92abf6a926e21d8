#include "tests/support/sqlite_database.hpp"

#include <sqlite3.h>

#include <stdexcept>

#include "tests/support/file_text.hpp"

namespace pgmirror::tests {

SqliteDatabase::SqliteDatabase(const std::filesystem::path& file, Journal journal) : file_(file) {
  if (sqlite3_open(file.c_str(), &handle_) != SQLITE_OK) {
    const std::string message = sqlite3_errmsg(handle_);
    sqlite3_close(handle_);
    throw std::runtime_error(file.string() + ": " + message);
  }
  sqlite3_busy_timeout(handle_, 10'000);
  if (journal == Journal::as_is) return;
  exec(journal == Journal::wal ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL" : "PRAGMA journal_mode=DELETE");
}

SqliteDatabase::~SqliteDatabase() { sqlite3_close(handle_); }

void SqliteDatabase::exec(std::string_view sql) {
  char* message = nullptr;
  if (sqlite3_exec(handle_, std::string(sql).c_str(), nullptr, nullptr, &message) == SQLITE_OK) return;
  const std::string text = message == nullptr ? "unknown error" : message;
  sqlite3_free(message);
  throw std::runtime_error(text + " in: " + std::string(sql.substr(0, 200)));
}

void SqliteDatabase::exec_file(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) throw std::runtime_error("cannot read " + file.string());
  exec(file_text(file));
}

std::vector<SqliteDatabase::Row> SqliteDatabase::query(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) != SQLITE_OK)
    throw std::runtime_error(sqlite3_errmsg(handle_));
  std::vector<Row> rows;
  int step = SQLITE_ROW;
  while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
    Row row;
    for (int column = 0; column < sqlite3_column_count(statement); ++column) {
      const int type = sqlite3_column_type(statement, column);
      if (type == SQLITE_NULL) {
        row.emplace_back();
        continue;
      }
      const auto* bytes = type == SQLITE_BLOB ? static_cast<const char*>(sqlite3_column_blob(statement, column))
                                              : reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      row.emplace_back(size == 0 ? std::string() : std::string(bytes, size));
    }
    rows.push_back(std::move(row));
  }
  const std::string message = sqlite3_errmsg(handle_);
  sqlite3_finalize(statement);
  if (step != SQLITE_DONE) throw std::runtime_error(message);
  return rows;
}

std::string SqliteDatabase::query_value(std::string_view sql) {
  const auto rows = query(sql);
  if (rows.empty() || !rows[0].at(0)) throw std::runtime_error("no value from: " + std::string(sql));
  return *rows[0][0];
}

std::int64_t SqliteDatabase::query_integer(std::string_view sql) { return std::stoll(query_value(sql)); }

}  // namespace pgmirror::tests
