#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;

namespace pgmirror::tests {

/// A connection to a SQLite file as an application has it: WAL mode, a busy timeout of 10 s.
///
/// Errors throw std::runtime_error with SQLite's message. One thread.
class SqliteDatabase {
 public:
  enum class Journal : std::uint8_t { wal, rollback, as_is };
  /// Opens or creates `file`.
  explicit SqliteDatabase(const std::filesystem::path& file, Journal journal = Journal::wal);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  /// One or more statements.
  void exec(std::string_view sql);
  /// Runs a file of statements, as the sqlite3 shell's `.read` would.
  void exec_file(const std::filesystem::path& file);
  using Row = std::vector<std::optional<std::string>>;
  /// Rows as text, as SQLite casts them; NULL is empty.
  std::vector<Row> query(std::string_view sql);
  /// The first cell of the first row; throws when there is none or when it is NULL.
  std::string query_value(std::string_view sql);
  std::int64_t query_integer(std::string_view sql);
  const std::filesystem::path& file() const { return file_; }
  sqlite3* native() { return handle_; }

 private:
  std::filesystem::path file_;
  sqlite3* handle_ = nullptr;
};

}  // namespace pgmirror::tests
