#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "libpq/pending_statement.hpp"
#include "sinks/postgres/net_batch.hpp"
#include "sinks/postgres/ownership.hpp"
#include "sinks/postgres/row_statements.hpp"
#include "sinks/postgres/table_registry.hpp"

namespace pgmirror::sinks::postgres {

/// What to do about rows that the mirror refuses, after so many attempts.
struct RefusalRule {
  config::PoisonRule rule = config::PoisonRule::stop_table;
  unsigned attempts = 0;
};

/// A table has to be stopped: the transaction starts over without it.
struct TableRefused {
  change::RelationPtr relation;
  std::string reason;
  bool copied_again = false;  ///< not stopped: its source has another type by now
};

/// Which of a transaction's row changes are sent, and how they are put together.
enum class RowPass : std::uint8_t {
  all,       ///< by their net effect
  in_order,  ///< likewise, of a PostgreSQL source: a row may change any number of times and not be known whole
  deletes,   ///< the first of two passes: everything touched goes
  inserts,   ///< the second: what stands in the end comes
};

/// The rows of one transaction of the source on their way into one transaction of the mirror, some thousands at a time.
///
/// The server works on what was sent last while the caller reads on: nothing waits for an answer before there is more
/// to send. New rows go by COPY where they are many, and so do changed ones, which are deleted first then: for the
/// server that is two thirds of the work of an UPDATE. One thread; the connection is in use until settle().
class TransactionRows {
 public:
  /// So many are gathered before they are sent: bounds memory, and is large enough that round trips do not matter.
  static constexpr std::uint64_t chunk_rows = 20'000;

  /// All outlive the object; `connection` has begun the transaction and gets its settings here. `refusals`: find the
  /// rows that are refused and treat them by the rule, which needs `commit`; without, its value does not matter.
  TransactionRows(libpq::Connection& connection, const Ownership& ownership, const SchemaBuilder& schema,
                  TableRegistry& tables, const change::Commit& commit, const std::optional<RefusalRule>& refusals);
  ~TransactionRows();
  TransactionRows(const TransactionRows&) = delete;
  TransactionRows& operator=(const TransactionRows&) = delete;

  /// `mode` counts for RowPass::in_order.
  void begin(RowPass pass, ApplyMode mode = ApplyMode::direct);
  /// `owner` keeps the cells. Throws DatabaseError, NullNotAllowed, TableRefused, BatchRefused.
  void add(const change::RowChange& change, const MirrorTablePtr& table, std::shared_ptr<const void> owner);
  /// Sends what was added. The same exceptions.
  void flush();
  /// The server has done everything that was sent, and the connection is free. The same exceptions.
  void settle();

  std::uint64_t drifted() const { return drifted_; }
  std::uint64_t parked() const { return parked_; }

 private:
  struct PendingChange {
    MirrorTablePtr table;
    change::RowOperation operation;
    change::Tuple old_key;
    change::Tuple new_row;
  };
  struct Asked {
    libpq::PendingStatement statement;
    RowExpectation expectation;
  };
  class OpenCopy;

  void apply_in_order(std::span<const PendingChange> changes);
  void apply(const TableEffects& effects, ApplyMode mode = ApplyMode::direct);
  bool may_be_replaced(const MirrorTable& table) const;
  void ask(const Statement& statement);
  void settle_statement();
  void copy(const MirrorTablePtr& table, const CopiedRows& copied);
  void count_drift(std::uint64_t rows);
  void isolate(const TableEffects& effects, std::span<const RowEffect> rows);
  bool drop_short_indexes(const MirrorTable& table, const RowEffect& row);
  void refuse(const TableEffects& effects, const RowEffect& row, const libpq::DatabaseError& error);

  libpq::Connection& connection_;
  const Ownership& ownership_;
  const SchemaBuilder& schema_;
  TableRegistry& tables_;
  const change::Commit& commit_;
  const std::optional<RefusalRule>& refusals_;

  RowPass pass_ = RowPass::all;
  ApplyMode mode_ = ApplyMode::direct;
  NetBatch chunk_;
  std::vector<PendingChange> pending_;  ///< of RowPass::in_order, in the source's order
  std::size_t pending_bytes_ = 0;
  // What the server works on; a COPY behind a statement has not begun.
  std::optional<Asked> asked_;
  std::unique_ptr<OpenCopy> copy_;

  std::uint64_t drifted_ = 0;
  std::uint64_t parked_ = 0;
};

}  // namespace pgmirror::sinks::postgres
