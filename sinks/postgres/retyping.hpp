#pragma once

#include <optional>
#include <string>

#include "sinks/postgres/target_type.hpp"

namespace pgmirror::sinks::postgres {

/// How a column of the mirror changes its type without losing what stands in it.
struct Retyping {
  std::string sql;  ///< the new type
  std::string using_expression;
};

/// For a column that stands as `standing` (the rule before the change) and would be made as `wanted` now. Text takes
/// everything whose text is rebuildable. None: the column stays as it is, because it serves, or because no exact way
/// exists (bytes, moments, documents); values that it cannot hold go to pgmirror.odd_values then, as everywhere.
std::optional<Retyping> retyping(const TargetType& standing, const TargetType& wanted,
                                 const std::string& quoted_column);

}  // namespace pgmirror::sinks::postgres
