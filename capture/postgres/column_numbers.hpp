#pragma once

#include <optional>
#include <vector>

#include "change/relation.hpp"

namespace pgmirror::capture::postgres {

/// A table's columns with the attnum of each; 0 where it is not known.
struct NumberedColumns {
  change::RelationPtr relation;  ///< null: there is no such table
  std::vector<int> numbers{};
};

/// The attnums of a message's columns, which does not have them, between what was known `before` and what the catalog
/// says `later`. 0 for a column that neither knows, any more or yet; nothing where it may be one or another.
///
/// Names alone do not tell: they may have been given to other columns meanwhile. But columns come in the order of their
/// attnums, no attnum is used twice, and a column that stood before and stands later stood all the time.
std::optional<std::vector<int>> column_numbers(const change::Relation& message, const NumberedColumns& before,
                                               const NumberedColumns& later);

}  // namespace pgmirror::capture::postgres
