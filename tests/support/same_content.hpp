#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "config/config.hpp"

namespace pgmirror::tests {

/// What same_content() is told to leave out, by exact names.
struct ContentRules {
  std::set<std::string> excluded_tables{};
  std::set<std::string> excluded_columns{};  ///< `table.column`
  /// Tables that may stand in the mirror without being in the source (dropped there).
  std::set<std::string> extra_tables{};
};

/// Whether the mirror holds what the SQLite file holds: the same tables, columns and rows, cell by cell.
///
/// Independent of the product: reads the file through SQLite and the mirror through libpqxx. The mirror column's type
/// says how a cell must look there: integers, double precision (bit by bit), numeric, text, bytea, boolean. A cell that
/// the type cannot hold must be NULL in the mirror and stand in pgmirror.odd_values with its class and bytes, which
/// also must hold the texts of bytea columns. On failure the first differences are named. Both sides must be quiet, or
/// the caller asks again with eventually().
testing::AssertionResult same_content(const std::filesystem::path& sqlite_file,
                                      const config::ConnectionSettings& mirror, const std::string& schema = "public",
                                      const ContentRules& rules = {});

}  // namespace pgmirror::tests
