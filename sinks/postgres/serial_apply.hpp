#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "queue/cursor.hpp"
#include "sinks/postgres/batch_pipeline.hpp"
#include "sinks/postgres/table_registry.hpp"
#include "sinks/postgres/transaction_rows.hpp"

namespace pgmirror::sinks::postgres {

/// Applies one source transaction at a time, statement by statement: for those that change the schema, that are too
/// large to be held in memory, or that hold a row which the mirror refuses. One thread; the connection must not be in a
/// pipeline.
class SerialApply {
 public:
  /// All outlive the object.
  SerialApply(libpq::Connection& connection, const Ownership& ownership, const SchemaBuilder& schema,
              TableRegistry& tables);

  using Refusals = RefusalRule;
  struct Outcome {
    Applied applied;
    std::uint64_t rows_parked = 0;
    std::uint64_t tables_stopped = 0;
  };

  /// Applies the transaction in front of `cursor`, which was committed right after `position`, and moves the checkpoint
  /// in the same transaction of the mirror. `cursor` stands behind it on return. Nothing, and nothing is done, when it
  /// ends behind `until`.
  ///
  /// Where the order of rows inside the transaction offends a unique index, everything touched is deleted first and
  /// then inserted. With `refusals` rows that the mirror still refuses are found and treated by the rule; without, or
  /// where the rule is `stop`, throws BatchRefused. Throws DatabaseError, SchemaError; the connection is spent then.
  std::optional<Outcome> apply_next(queue::Cursor& cursor, change::Position position, change::Position until,
                                    const std::optional<Refusals>& refusals);

 private:
  class Attempt;

  struct Ahead {
    change::Commit commit;
    /// The source lists rows by a key that is not the mirror's, over more than one chunk: a row of an earlier chunk may
    /// take the key of one that a later chunk deletes.
    bool two_passes = false;
    bool of_postgres = false;
    std::vector<change::SchemaStatement> labels{};  ///< of enums: they have to be committed before rows use them
  };

  /// Tables with the reasons for which they are stopped while one transaction is applied.
  using Stopping = std::vector<std::pair<change::RelationPtr, std::string>>;

  /// Where no single row can be blamed: the table of a constraint that refuses, or where that one is stopped already
  /// the table it refers to. Null when neither is ours.
  change::RelationPtr table_to_stop(const libpq::ConstraintName& refusing, const Stopping& stopping) const;
  Ahead look_ahead(queue::Cursor& cursor, change::Position position) const;

  libpq::Connection& connection_;
  const Ownership& ownership_;
  const SchemaBuilder& schema_;
  TableRegistry& tables_;
};

}  // namespace pgmirror::sinks::postgres
