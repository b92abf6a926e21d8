#include "sinks/postgres/batch_collector.hpp"

#include <utility>
#include <variant>

namespace pgmirror::sinks::postgres {
namespace {

/// The server gets what it was sent in pieces, and may be waiting for the next.
constexpr std::uint64_t changes_at_once = 4'000;

}  // namespace

void BatchCollector::restart(change::Position position) {
  cursor_.seek(position);
  collected_ = position;
  item_ = nullptr;
  inside_transaction_ = false;
  pending_.clear();
  pending_blocks_.clear();
  pending_bytes_ = 0;
  pending_sequences_.clear();
}

BatchCollector::Stopped BatchCollector::collect(NetBatch& batch, const BatchLimits& limits) {
  const std::uint64_t pause = batch.changes() + changes_at_once;
  for (;; item_ = nullptr) {
    if (item_ == nullptr) {
      const bool full = batch.changes() >= limits.changes || batch.bytes() >= limits.bytes ||
                        batch.transactions() >= limits.transactions || cursor_.position() >= limits.until;
      if (!inside_transaction_ && full) return Stopped::full;
      if (!inside_transaction_ && batch.changes() >= pause) return Stopped::paused;
      item_ = cursor_.next();
      if (item_ == nullptr) return Stopped::at_end;
    }
    if (const auto* row = std::get_if<change::RowChange>(item_)) {
      if (!keep(*row)) return Stopped::unknown_relation;
      if (pending_bytes_ > limits.bytes_of_one || pending_.size() > limits.rows_of_one) return Stopped::serial;
    } else if (const auto* commit = std::get_if<change::Commit>(item_)) {
      // A snapshot may stand between two commits.
      if (commit->position > limits.until) {
        restart(collected_);
        return Stopped::beyond;
      }
      finish(*commit, batch);
    } else if (const auto* value = std::get_if<change::SequenceValue>(item_)) {
      pending_sequences_.push_back(*value);
    } else if (std::holds_alternative<queue::Begin>(*item_)) {
      inside_transaction_ = true;
    } else {
      return Stopped::serial;
    }
  }
}

bool BatchCollector::keep(const change::RowChange& change) {
  TrackedTable* table = tables_.find(change.relation);
  if (table == nullptr) {
    unknown_ = change.relation;
    return false;
  }
  if (table->state == TrackedTable::State::stopped) ++table->skipped;
  if (table->state == TrackedTable::State::live) {
    pending_.push_back({table, change.operation, change.old_key, change.new_row});
    pending_bytes_ += row_bytes(change.new_row);
    auto block = cursor_.current_block();
    if (pending_blocks_.empty() || pending_blocks_.back() != block) pending_blocks_.push_back(std::move(block));
  }
  return true;
}

void BatchCollector::finish(const change::Commit& commit, NetBatch& batch) {
  for (const PendingRow& row : pending_) {
    if (row.table->copied_at >= commit.position) continue;
    batch.add(row.table->table, row.operation, row.old_key, row.new_row);
    ++row.table->changes;
  }
  for (std::shared_ptr<const void>& block : pending_blocks_) batch.keep(std::move(block));
  for (const change::SequenceValue& value : pending_sequences_) batch.add(value);
  pending_.clear();
  pending_blocks_.clear();
  pending_bytes_ = 0;
  pending_sequences_.clear();
  inside_transaction_ = false;
  collected_ = commit.position;
  batch.end_transaction(commit);
}

}  // namespace pgmirror::sinks::postgres
