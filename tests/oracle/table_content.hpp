#pragma once

#include <map>
#include <string>
#include <vector>

namespace pgmirror::tests {

/// One table: column names, and rows by the text of the cells that identify them.
struct TableContent {
  std::vector<std::string> columns;
  std::map<std::string, std::vector<std::string>> rows;
  bool operator==(const TableContent&) const = default;
};

using DatabaseContent = std::map<std::string, TableContent>;

/// One difference between two contents of a table of unchanged definition.
struct RowDifference {
  std::string table;
  std::string key;
  std::vector<std::string> before;  ///< empty: inserted
  std::vector<std::string> after;   ///< empty: deleted
  auto operator<=>(const RowDifference&) const = default;
};

/// All differences, sorted. A table in only one of the two counts as empty in the other.
std::vector<RowDifference> differences(const DatabaseContent& before, const DatabaseContent& after);

/// What differs first, for a message.
std::string first_difference(const DatabaseContent& left, const DatabaseContent& right);

}  // namespace pgmirror::tests
