#include "capture/sqlite/sqlite_connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

namespace pgmirror::capture::sqlite {

bool SqliteError::is_busy() const { return (code_ & 0xff) == SQLITE_BUSY || (code_ & 0xff) == SQLITE_LOCKED; }

namespace {

[[noreturn]] void throw_error(sqlite3* handle, const char* action) {
  throw SqliteError(sqlite3_extended_errcode(handle), fmt::format("{}: {}", action, sqlite3_errmsg(handle)));
}

}  // namespace

SqliteConnection::SqliteConnection(const std::filesystem::path& file, std::chrono::milliseconds busy_timeout) {
  constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (const int result = sqlite3_open_v2(file.c_str(), &handle_, flags, nullptr); result != SQLITE_OK) {
    const SqliteError error(result, fmt::format("open: {}", sqlite3_errstr(result)));
    sqlite3_close_v2(handle_);
    throw error;
  }
  set_patience(busy_timeout);
  sqlite3_wal_autocheckpoint(handle_, 0);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  int keep_wal = 1;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_PERSIST_WAL, &keep_wal);
}

SqliteConnection::~SqliteConnection() { sqlite3_close_v2(handle_); }

void SqliteConnection::set_patience(std::chrono::milliseconds busy_timeout) {
  sqlite3_busy_timeout(handle_, static_cast<int>(busy_timeout.count()));
}

void SqliteConnection::execute(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) throw_error(handle_, sql);
}

std::string SqliteConnection::query(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_, sql, -1, &statement, nullptr) != SQLITE_OK) throw_error(handle_, sql);
  std::string text;
  const int result = sqlite3_step(statement);
  if (result == SQLITE_ROW) {
    // As text: the bytes of a store in UTF-16 are something else.
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    if (bytes != nullptr) text.assign(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, 0)));
  }
  if (sqlite3_finalize(statement) != SQLITE_OK) throw_error(handle_, sql);
  return text;
}

void SqliteConnection::checkpoint_passive() {
  const int result = sqlite3_wal_checkpoint_v2(handle_, "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (result != SQLITE_OK) throw_error(handle_, "checkpoint");
}

sqlite3_file* SqliteConnection::file() const {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  return file;
}

}  // namespace pgmirror::capture::sqlite
