#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "change/transaction.hpp"

namespace pgmirror::tests {

/// Keeps what a source wrote and synced, as text, and complains about what no source may do. The writer's functions
/// belong to the source's thread, the others may be called from any.
///
/// A change reads `insert t [1|a]`, `update t [1|~] [2|~]` (old key, new row), `delete t [1|~]`, `truncate t,u`,
/// `schema t -> u(id,name)`, `gap t`, `statement index i`, `sequence s`. Tables outside `public` have their schema.
/// NULL is `NULL`, an unchanged cell `~`.
class TransactionLog : public change::TransactionWriter {
 public:
  struct Transaction {
    change::Position position{};
    change::CommitTime time{};
    std::vector<std::string> changes{};
  };

  void begin() override;
  void row(const change::RowChange& change) override;
  void schema(const change::SchemaChange& change) override;
  void truncate(const change::Truncation& change) override;
  void gap(const change::ContentGap& gap) override;
  void statement(const change::SchemaStatement& statement) override;
  void sequence(const change::SequenceValue& value) override;
  void commit(const change::Commit& commit) override;
  void rollback() override;
  void sync() override;

  /// Where a queue that is new begins.
  void start_at(change::Position position);
  /// The last durable commit.
  change::Position end() const;
  /// The last commit, durable or not.
  change::Position last_commit() const;
  std::vector<Transaction> durable() const;
  /// Those that change something.
  std::vector<Transaction> durable_with_changes() const;
  /// All changes in order.
  std::vector<std::string> changes() const;
  std::uint64_t rows_begun() const;

  /// As a log restored from a backup that ended with the first `count` transactions.
  void forget_after(std::size_t count);

  /// begin() blocks, as a queue does whose disk budget is used up, until open() or the end of the log.
  void close_gate();
  void open_gate();
  /// Keeps rows of `table` only by number: for transactions that would not fit in memory.
  std::atomic<bool> keep_rows = true;

 private:
  void note(std::string change);

  mutable std::mutex mutex_;
  std::condition_variable gate_;
  bool closed_ = false;
  bool inside_ = false;
  Transaction open_;
  std::vector<Transaction> committed_;
  std::vector<Transaction> durable_;
  change::Position start_;
  change::Position last_;
  std::uint64_t rows_ = 0;
};

}  // namespace pgmirror::tests
