#pragma once

#include <functional>
#include <vector>

#include "change/transaction.hpp"

namespace pgmirror::sinks::postgres {

/// One table of the source is defined differently from here on.
struct Definition {
  change::SchemaChange change;
  /// The source has emptied the table before and sends all its rows in this transaction.
  bool rows_come_again = false;
  /// The table as the source knew it before, or knows it now: whom to name, also where the change came apart.
  change::RelationPtr table = change.before ? change.before : change.after;
};

/// Puts the definitions of one transaction into an order in which no table takes a name that another still has. Tables
/// that exchange names go by a name of ours: their change comes as two then.
///
/// `stands` says whether the mirror has a table of ours for a relation of that name before the first of them. An order
/// that is safe already is kept.
std::vector<Definition> in_safe_order(std::vector<Definition> definitions,
                                      const std::function<bool(const change::Relation&)>& stands);

}  // namespace pgmirror::sinks::postgres
