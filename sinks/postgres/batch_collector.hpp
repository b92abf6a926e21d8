#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "queue/cursor.hpp"
#include "sinks/postgres/net_batch.hpp"
#include "sinks/postgres/table_registry.hpp"

namespace pgmirror::sinks::postgres {

struct BatchLimits {
  std::uint64_t changes = 20'000;
  std::size_t bytes = std::size_t{8} << 20U;
  std::uint64_t transactions = 1'000'000;
  /// A transaction with more is for SerialApply.
  std::uint64_t rows_of_one = 20'000;
  std::size_t bytes_of_one = std::size_t{8} << 20U;
  change::Position until{~std::uint64_t{0}};  ///< no transaction that ends behind it is in the batch
};

/// Reads whole transactions from a cursor into a batch. One thread; never blocks but for the disk.
class BatchCollector {
 public:
  BatchCollector(queue::Cursor& cursor, TableRegistry& tables) : cursor_(cursor), tables_(tables) {}

  enum class Stopped {
    at_end,            ///< nothing more is durable
    full,              ///< a limit is reached
    paused,            ///< none is, but this has taken a millisecond or two
    unknown_relation,  ///< describe unknown() and go on
    serial,            ///< the next transaction is for SerialApply: it changes the schema or is too large
    beyond,            ///< the next transaction ends behind BatchLimits::until
  };
  Stopped collect(NetBatch& batch, const BatchLimits& limits);

  const change::RelationPtr& unknown() const { return unknown_; }
  /// Forgets what was read behind `position` and starts again there.
  void restart(change::Position position);

 private:
  struct PendingRow {
    TrackedTable* table;
    change::RowOperation operation;
    change::Tuple old_key;
    change::Tuple new_row;
  };

  bool keep(const change::RowChange& change);
  void finish(const change::Commit& commit, NetBatch& batch);

  queue::Cursor& cursor_;
  TableRegistry& tables_;
  change::Position collected_ = cursor_.position();  ///< whole transactions up to here were read
  const queue::Item* item_ = nullptr;
  bool inside_transaction_ = false;
  /// The rows of the open transaction: its position, which decides whether they count, is known at its end only.
  std::vector<PendingRow> pending_;
  /// What those point into. The batch may be sent and cleared while the transaction is being read.
  std::vector<std::shared_ptr<const void>> pending_blocks_;
  std::size_t pending_bytes_ = 0;
  std::vector<change::SequenceValue> pending_sequences_;
  change::RelationPtr unknown_;
};

}  // namespace pgmirror::sinks::postgres
