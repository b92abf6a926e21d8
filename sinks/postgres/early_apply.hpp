#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "queue/open_transaction.hpp"
#include "sinks/postgres/batch_pipeline.hpp"
#include "sinks/postgres/table_registry.hpp"
#include "sinks/postgres/transaction_rows.hpp"

namespace pgmirror::sinks::postgres {

/// Applies a large transaction while the queue still receives it, so that the mirror is not behind by the time that all
/// of it takes to be sent.
///
/// For transactions of nothing but rows that the mirror takes as they come; whatever else one turns out to hold, it is
/// left to SerialApply, once it is whole. One thread; the connection must not be in a pipeline.
class EarlyApply {
 public:
  /// So much of a transaction makes it large.
  static constexpr std::uint64_t least_bytes = std::uint64_t{8} << 20U;

  /// All outlive the object. `pass`: how rows of this source are sent.
  EarlyApply(libpq::Connection& connection, const Ownership& ownership, const SchemaBuilder& schema,
             TableRegistry& tables, RowPass pass)
      : connection_(connection), ownership_(ownership), schema_(schema), tables_(tables), pass_(pass) {}

  /// Applies `open`, which was begun right after `position`, and moves the checkpoint in the same transaction of the
  /// mirror, which commits when the queue holds the commit durably. Blocks until then, or until `give_up`, which is
  /// asked often.
  ///
  /// Nothing, and nothing is done, when that happens, when the source takes the transaction back or when it has to be
  /// whole first. Throws DatabaseError when the connection is lost, or the mirror owned by another, and what reading
  /// the queue throws.
  std::optional<Applied> apply(queue::OpenTransaction& open, change::Position position,
                               const std::function<bool()>& give_up);

 private:
  class Attempt;

  libpq::Connection& connection_;
  const Ownership& ownership_;
  const SchemaBuilder& schema_;
  TableRegistry& tables_;
  const RowPass pass_;
};

}  // namespace pgmirror::sinks::postgres
