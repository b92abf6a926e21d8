#pragma once

#include <optional>
#include <vector>

#include "capture/sqlite/layout_change.hpp"
#include "capture/sqlite/table_layout.hpp"
#include "change/transaction.hpp"

namespace pgmirror::capture::sqlite {

/// What becomes of one mirrored table.
struct TablePlan {
  TableLayoutPtr before;  ///< none: the table is new
  TableLayoutPtr after;   ///< none: the table is gone
  /// Where there are both.
  LayoutChange change{};

  /// The rows after cannot be told as changes of the rows before: the table is emptied and filled again.
  bool starts_anew() const { return before && after && !change.same_key; }
};

/// Pairs the tables before and after. A table is the same when it has the same name, or, where one name went and one
/// came, when it has the same root page and columns of the same names. Gone tables come first, new ones
/// last.
std::vector<TablePlan> plan_schema(const std::vector<TableLayoutPtr>& before, const std::vector<TableLayoutPtr>& after);

/// Tells `out` of tables that are defined differently. Returns the number of changes emitted.
std::uint64_t emit_schema_changes(const std::vector<TablePlan>& plans, change::TransactionWriter& out);

}  // namespace pgmirror::capture::sqlite
