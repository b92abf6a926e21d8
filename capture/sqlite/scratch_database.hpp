#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "capture/sqlite/text_encoding.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace pgmirror::capture::sqlite {

/// SQLite refused a statement in a scratch database.
class ScratchError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One prepared statement; dies before its database.
class ScratchStatement {
 public:
  ScratchStatement(sqlite3* database, std::string_view sql);
  void bind(int parameter, const std::string& text);
  /// False at the end. Throws ScratchError.
  bool step();
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  std::string text(int column) const;
  sqlite3_stmt* handle() const { return statement_.get(); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// An empty database in memory whose only use is to let SQLite itself read definitions and evaluate expressions.
///
/// Knows no table rows of the application. Collations and functions that the application defines in its own program are
/// replaced by ones that define() can name but that tell nothing. One thread.
class ScratchDatabase {
 public:
  explicit ScratchDatabase(TextEncoding encoding);

  /// Runs statements without result. Throws ScratchError.
  void execute(const std::string& sql);
  /// Runs a CREATE statement of the application. Throws ScratchError when this SQLite cannot read it.
  void define(const std::string& sql);
  /// Runs a query and gives each row.
  void query(std::string_view sql, std::initializer_list<std::string> parameters,
             const std::function<void(const ScratchStatement&)>& row);
  /// Whether the statement calls a function that only the application has.
  bool needs_unknown_function(const std::string& sql);
  sqlite3* handle() const { return database_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  bool stand_in_for_function(const std::string& message);

  std::unique_ptr<sqlite3, Close> database_;
  std::set<std::string> unknown_functions_;
};

/// As a quoted SQL identifier.
std::string quote_identifier(std::string_view name);

}  // namespace pgmirror::capture::sqlite
