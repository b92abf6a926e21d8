#include "tests/oracle/table_content.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pgmirror::tests {
namespace {

const TableContent& table_or_empty(const DatabaseContent& content, const std::string& name) {
  static const TableContent none;
  const auto found = content.find(name);
  return found == content.end() ? none : found->second;
}

std::vector<std::string> shortened(const std::vector<std::string>& cells) {
  std::vector<std::string> result;
  for (const std::string& cell : cells) result.push_back(cell.substr(0, 40));
  return result;
}

}  // namespace

std::vector<RowDifference> differences(const DatabaseContent& before, const DatabaseContent& after) {
  std::vector<RowDifference> result;
  for (const auto& [name, table] : after) {
    const TableContent& old_table = table_or_empty(before, name);
    for (const auto& [key, row] : table.rows) {
      const auto old_row = old_table.rows.find(key);
      if (old_row == old_table.rows.end()) {
        result.push_back({name, key, {}, row});
      } else if (old_row->second != row) {
        result.push_back({name, key, old_row->second, row});
      }
    }
  }
  for (const auto& [name, table] : before) {
    const TableContent& new_table = table_or_empty(after, name);
    for (const auto& [key, row] : table.rows) {
      if (!new_table.rows.contains(key)) result.push_back({name, key, row, {}});
    }
  }
  std::ranges::sort(result);
  return result;
}

std::string first_difference(const DatabaseContent& left, const DatabaseContent& right) {
  for (const auto& [name, table] : left) {
    if (!right.contains(name)) return fmt::format("table {} is only in the first", name);
    const TableContent& other = right.at(name);
    if (table.columns != other.columns) {
      return fmt::format("{}: columns {} against {}", name, table.columns, other.columns);
    }
  }
  for (const auto& [name, table] : right) {
    if (!left.contains(name)) return fmt::format("table {} is only in the second", name);
  }
  const std::vector<RowDifference> rows = differences(left, right);
  if (rows.empty()) return "none";
  return fmt::format("{} rows differ, first in {}: {} against {}", rows.size(), rows.front().table,
                     shortened(rows.front().before), shortened(rows.front().after));
}

}  // namespace pgmirror::tests
