#include "tests/oracle/application.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace pgmirror::tests {
namespace {

int compare_backwards(void*, int left_size, const void* left, int right_size, const void* right) {
  const int order = std::memcmp(right, left, static_cast<std::size_t>(std::min(left_size, right_size)));
  return order != 0 ? order : right_size - left_size;
}

void twice(sqlite3_context* context, int, sqlite3_value** arguments) {
  sqlite3_result_int64(context, 2 * (sqlite3_value_int64(arguments[0]) % 1'000'000));
}

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

void bind(sqlite3_stmt* statement, int number, const Parameter& parameter) {
  if (const auto* integer = std::get_if<std::int64_t>(&parameter)) sqlite3_bind_int64(statement, number, *integer);
  if (const auto* real = std::get_if<double>(&parameter)) sqlite3_bind_double(statement, number, *real);
  if (const auto* text = std::get_if<std::string>(&parameter)) {
    sqlite3_bind_text64(statement, number, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  if (const auto* blob = std::get_if<Blob>(&parameter)) {
    sqlite3_bind_blob64(statement, number, blob->bytes.data(), blob->bytes.size(), SQLITE_STATIC);
  }
}

}  // namespace

Application::Application(const std::filesystem::path& file, const FileSettings& settings) {
  if (sqlite3_open(file.c_str(), &handle_) != SQLITE_OK) fail("open");
  int reserved = settings.reserved_bytes;
  if (reserved > 0) sqlite3_file_control(handle_, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  sqlite3_create_collation(handle_, "app_reverse", SQLITE_UTF8, nullptr, compare_backwards);
  sqlite3_create_function(handle_, "app_twice", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr, twice, nullptr,
                          nullptr);
  run(fmt::format("PRAGMA page_size={}", settings.page_size));
  run(fmt::format("PRAGMA encoding='{}'", settings.encoding));
  run(fmt::format("PRAGMA auto_vacuum={}", settings.auto_vacuum));
  run("PRAGMA journal_mode=wal");
  run("PRAGMA wal_autocheckpoint=0");
  run("PRAGMA synchronous=off");
  run("PRAGMA foreign_keys=on");
  run(fmt::format("PRAGMA cache_size={}", settings.cache_pages));
  run(fmt::format("PRAGMA secure_delete={}", settings.secure_delete ? 1 : 0));
  run(fmt::format("PRAGMA recursive_triggers={}", settings.recursive_triggers ? 1 : 0));
}

Application::~Application() { sqlite3_close_v2(handle_); }

void Application::fail(std::string_view sql) const {
  const std::string message = fmt::format("{}: {}", sqlite3_errmsg(handle_), sql.substr(0, 300));
  if ((sqlite3_extended_errcode(handle_) & 0xFF) == SQLITE_CONSTRAINT) throw ConstraintViolation(message);
  throw std::runtime_error(message);
}

void Application::run(std::string_view sql, const std::vector<Parameter>& parameters) {
  each(sql, parameters, [](sqlite3_stmt*) {});
}

void Application::each(std::string_view sql, const std::vector<Parameter>& parameters,
                       const std::function<void(sqlite3_stmt*)>& row) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &prepared, nullptr) != SQLITE_OK) fail(sql);
  const std::unique_ptr<sqlite3_stmt, Finalize> statement(prepared);
  int number = 0;
  for (const Parameter& parameter : parameters) bind(prepared, ++number, parameter);
  int result = SQLITE_ROW;
  while ((result = sqlite3_step(prepared)) == SQLITE_ROW) row(prepared);
  if (result != SQLITE_DONE) fail(sql);
}

std::vector<std::string> Application::texts(std::string_view sql, const std::vector<Parameter>& parameters) {
  std::vector<std::string> result;
  each(sql, parameters, [&](sqlite3_stmt* row) {
    const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(row, 0));
    result.emplace_back(text == nullptr ? "" : text);
  });
  return result;
}

void Application::overwrite(const char* table, const char* column, std::int64_t row_id, int offset,
                            std::string_view bytes) {
  sqlite3_blob* blob = nullptr;
  if (sqlite3_blob_open(handle_, "main", table, column, row_id, 1, &blob) == SQLITE_OK) {
    sqlite3_blob_write(blob, bytes.data(), static_cast<int>(bytes.size()), offset);
  }
  sqlite3_blob_close(blob);
}

bool Application::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

}  // namespace pgmirror::tests
