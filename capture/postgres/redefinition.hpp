#pragma once

#include <vector>

#include "change/transaction.hpp"

namespace pgmirror::capture::postgres {

/// The difference between two definitions of one table.
struct Redefinition {
  change::SchemaChange change;
  /// False: the values of some column cannot be derived from what stood there (a column was dropped and one of the same
  /// name added, or a rename cannot be told from that); the table's content needs to be taken anew.
  bool certain = true;
};

/// Each definition with the attnum of its columns, 0 where it is not known. Pure.
Redefinition redefinition(const change::RelationPtr& before, const std::vector<int>& before_numbers,
                          const change::RelationPtr& after, const std::vector<int>& after_numbers);

}  // namespace pgmirror::capture::postgres
