#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "tests/scenario/sqlite_source/row_mirror.hpp"

namespace pgmirror::tests {

/// Keeps what a source wrote and synced. Read from any thread.
class RecordingWriter : public change::TransactionWriter {
 public:
  struct Transaction {
    std::uint64_t position = 0;
    std::vector<TextChange> changes{};
    std::size_t schema_changes = 0;
  };

  void begin() override { open_ = {}; }
  void row(const change::RowChange& change) override {
    ++rows_;
    if (keep_rows) open_.changes.push_back(to_text(change));
  }
  void schema(const change::SchemaChange&) override { ++open_.schema_changes; }
  void truncate(const change::Truncation&) override { ++truncations_; }
  void commit(const change::Commit& commit) override {
    open_.position = commit.position.value;
    committed_.push_back(std::move(open_));
  }
  void rollback() override { open_ = {}; }
  void sync() override {
    const std::lock_guard lock(mutex_);
    for (Transaction& transaction : committed_) durable_.push_back(std::move(transaction));
    committed_.clear();
    durable_rows_ = rows_;
  }

  std::vector<Transaction> durable() const {
    const std::lock_guard lock(mutex_);
    return durable_;
  }
  std::size_t durable_count() const {
    const std::lock_guard lock(mutex_);
    return durable_.size();
  }
  std::size_t durable_rows() const { return durable_rows_; }
  std::size_t truncations() const { return truncations_; }
  /// Set before the source runs: false counts rows only.
  std::atomic<bool> keep_rows = true;

 private:
  mutable std::mutex mutex_;
  Transaction open_;
  std::vector<Transaction> committed_;
  std::vector<Transaction> durable_;
  std::size_t rows_ = 0;
  std::atomic<std::size_t> truncations_ = 0;
  std::atomic<std::size_t> durable_rows_ = 0;
};

}  // namespace pgmirror::tests
