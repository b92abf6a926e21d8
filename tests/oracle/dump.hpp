#pragma once

#include "tests/oracle/application.hpp"
#include "tests/oracle/table_content.hpp"

namespace pgmirror::tests {

/// What the mirror of a run must not have.
struct Exclusions {
  std::vector<std::string> tables;
  std::vector<std::string> columns;  ///< `table.column`
};

/// All tables of the application as SQLite's own SELECT gives them. Rows are identified by rowid, or by the primary key
/// where there is no rowid; a rowid that no column shows comes as first column.
DatabaseContent dump(Application& application, const Exclusions& exclusions);

}  // namespace pgmirror::tests
