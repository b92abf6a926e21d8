#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

struct sqlite3;
struct sqlite3_file;

namespace pgmirror::capture::sqlite {

/// SQLite answered with an error; `code` is its extended result code.
class SqliteError : public std::runtime_error {
 public:
  SqliteError(int code, const std::string& message) : std::runtime_error(message), code_(code) {}
  int code() const { return code_; }
  /// Another connection is in the way; trying again may help.
  bool is_busy() const;

 private:
  int code_;
};

/// A connection to the application's file that leaves no trace: it never checkpoints by itself, and closing it neither
/// checkpoints nor deletes the application's WAL. Used by one thread at a time.
class SqliteConnection {
 public:
  /// Does not create the file. Throws SqliteError.
  SqliteConnection(const std::filesystem::path& file, std::chrono::milliseconds busy_timeout);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  /// How long statements wait for other connections from now on.
  void set_patience(std::chrono::milliseconds busy_timeout);
  void execute(const char* sql);
  /// The first cell of the first row as text, empty when there is none.
  std::string query(const char* sql);
  /// Copies what can be copied from the WAL into the database file without waiting for anybody. Throws SqliteError.
  void checkpoint_passive();
  /// SQLite's own handle of the database file. Descriptors of that file and of the -shm must never be opened and closed
  /// beside it: the close would drop all POSIX locks of this process, SQLite's included.
  sqlite3_file* file() const;
  /// For statements with many rows; the caller finalizes them before the connection dies.
  sqlite3* handle() const { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
};

}  // namespace pgmirror::capture::sqlite
