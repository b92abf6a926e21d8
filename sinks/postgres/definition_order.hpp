#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "change/transaction.hpp"

namespace pgmirror::sinks::postgres {

/// One table of the source is defined differently from here on, or one step on the way there.
struct Definition {
  enum class Step : std::uint8_t {
    whole,  ///< name, columns and all
    name,   ///< only the name: `change.after` is the table as it was, called otherwise
    rest,   ///< all but the name, which it has already
  };
  change::SchemaChange change;
  /// The source has emptied the table before and sends all its rows in this transaction.
  bool rows_come_again = false;
  /// The table as the source knew it before, or knows it now: whom to name, also where the change came apart.
  change::RelationPtr table = change.before ? change.before : change.after;
  Step step = Step::whole;
  /// What the table is when all steps are done; null where it is gone.
  change::RelationPtr outcome = change.after;
};

/// Puts the definitions of one transaction into an order in which no table takes a name that another still has. Tables
/// that exchange names go by a name of ours in between. A table of a PostgreSQL source that gets another name gets it
/// by a step of its own, so that whatever becomes of its columns, each name is the right table's.
///
/// `stands` says whether the mirror has a table of ours for a relation of that name before the first of them. An order
/// that is safe already is kept.
std::vector<Definition> in_safe_order(std::vector<Definition> definitions,
                                      const std::function<bool(const change::Relation&)>& stands);

}  // namespace pgmirror::sinks::postgres
