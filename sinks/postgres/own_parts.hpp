#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>

#include "libpq/connection.hpp"

namespace pgmirror::sinks::postgres {

/// What the keys of a column's parts begin with; its name comes behind.
inline constexpr std::array<std::string_view, 7> column_parts{"comment column ", "generated ", "collation ", "default ",
                                                              "identity ",       "not null ",  "column "};

/// Columns, constraints and indexes of one table of the mirror that came from the source, with the statements of the
/// source that made them: only these are ever taken away again. In pgmirror.tables, inside the caller's transaction.
/// One thread. Everything throws DatabaseError.
class OwnParts {
 public:
  OwnParts(libpq::Connection& connection, std::string mirror, std::string schema, std::string table);

  /// A source's statement has just made the table: it is entered, waits for its rows, and all that it has is ours.
  void enter_new_table();
  struct Record {
    bool created = false;  ///< by us, rather than found in the mirror
    /// By key; nothing where the table was not made by us or was never told whole.
    std::map<std::string, std::string> parts{};
  };
  Record read() const;
  /// By key, as Record::parts.
  void add(const std::map<std::string, std::string>& parts);
  void remove(const std::string& key);
  void rename(const std::string& key, const std::string& now);
  /// All parts of a column.
  void rename_column(const std::string& name, const std::string& now);
  /// The table or a column of it is called otherwise: what the statements of its parts, and of the foreign keys that
  /// refer to it, have made is not what they say any more. Only what stands tells then.
  void forget_statements();
  /// The same of all tables: something else that statements name is called otherwise.
  static void forget_all_statements(libpq::Connection& connection, const std::string& mirror);

 private:
  void rename(const std::map<std::string, std::string>& keys);

  libpq::Connection& connection_;
  std::string mirror_;
  std::string schema_;
  std::string table_;
};

}  // namespace pgmirror::sinks::postgres
