#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace pgmirror::tests {

struct Blob {
  std::string bytes;
};
using Parameter = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;

/// How the file of one run is made.
struct FileSettings {
  int page_size = 4096;
  int auto_vacuum = 0;
  int cache_pages = 2000;
  int reserved_bytes = 0;
  bool secure_delete = false;
  bool recursive_triggers = false;
  std::string encoding = "UTF-8";
};

/// A constraint of the application's schema refused a statement: part of the workload.
class ConstraintViolation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The application of a run: one connection in WAL mode that never checkpoints, with a collation (app_reverse) and a
/// function (app_twice) that nobody else has.
class Application {
 public:
  Application(const std::filesystem::path& file, const FileSettings& settings);
  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  void run(std::string_view sql, const std::vector<Parameter>& parameters = {});
  void each(std::string_view sql, const std::vector<Parameter>& parameters,
            const std::function<void(sqlite3_stmt*)>& row);
  /// First column of all rows as text.
  std::vector<std::string> texts(std::string_view sql, const std::vector<Parameter>& parameters = {});
  /// Overwrites bytes of a blob or text in place. Does nothing when there is no such row.
  void overwrite(const char* table, const char* column, std::int64_t row_id, int offset, std::string_view bytes);
  bool in_transaction() const;

 private:
  [[noreturn]] void fail(std::string_view sql) const;

  sqlite3* handle_ = nullptr;
};

}  // namespace pgmirror::tests
