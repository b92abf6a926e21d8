#include "change/relation.hpp"

#include <algorithm>

namespace pgmirror::change {

std::string Relation::qualified_name() const { return schema.empty() ? name : schema + "." + name; }

std::optional<std::size_t> Relation::column_position(const std::string& column_name) const {
  const auto found = std::ranges::find(columns, column_name, &Column::name);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

}  // namespace pgmirror::change
