#pragma once

#include <optional>
#include <string>

#include "sinks/postgres/target_type.hpp"

namespace pgmirror::sinks::postgres {

/// How a column of the mirror changes its type without losing what stands in it.
struct Retyping {
  std::string sql;  ///< the new type; empty when the column stays as it is
  std::string using_expression;
};

/// For a column that stands as `standing` (the rule before the change) and would be made as `wanted` now. Text takes
/// everything whose text is rebuildable. None when no exact way exists: the table has to be copied again.
std::optional<Retyping> retyping(const TargetType& standing, const TargetType& wanted,
                                 const std::string& quoted_column);

}  // namespace pgmirror::sinks::postgres
