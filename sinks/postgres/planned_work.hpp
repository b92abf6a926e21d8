#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "change/snapshot.hpp"
#include "sinks/postgres/worker_orders.hpp"

namespace pgmirror::sinks::postgres {

/// What has to wait until the mirror stands exactly where a snapshot of the source does: copies of tables and
/// comparisons, one at a time. The changes of tables that are copied then are in the queue from there on, so that the
/// mirror must have all commits up to it and none behind it.
///
/// One thread. What is referenced outlives it; its end waits for a snapshot that is being opened.
class PlannedWork {
 public:
  struct Task {
    std::unique_ptr<change::Snapshot> snapshot;
    /// Tables to copy though the mirror has them; those that it lacks are copied anyway.
    std::set<std::string> again{};
    bool ordered = false;  ///< by WorkerOrders::resync
    std::optional<VerificationOrder> verification{};
  };

  PlannedWork(change::SnapshotProvider& source, WorkerOrders& orders) : source_(source), orders_(orders) {}

  /// Some table's content has to come from a snapshot, until copied() says that none has.
  void await_copy() { copy_awaited_ = true; }
  void copied(bool all) { copy_awaited_ = !all; }
  void plan(Task task) { task_ = std::move(task); }

  /// Makes a task of what people have ordered; no comparison while one is `comparing`. Waits for the source's snapshot.
  /// Throws SourceUnavailable.
  void take_orders(bool comparing);

  /// Some sources have to finish their open transactions before they give a snapshot. It is opened beside us;
  /// meanwhile what the queue has now, up to `queue_end`, can be applied, since no snapshot will be older. Throws what
  /// has ended the opening, SourceUnavailable.
  void look_for_snapshot(change::Position applied, change::Position queue_end);

  /// Nothing is planned, and none of the queue's commits has to be held back.
  bool none() const { return !task_ && !opening_.valid(); }
  bool planned() const { return task_.has_value(); }
  /// Everything up to `sent` is with the mirror, and only the snapshot to come tells how much further to go.
  bool waits_at(change::Position sent) const { return holds_back() && !task_ && sent >= apply_until_; }
  bool is_due_at(change::Position sent) const { return task_ && sent >= task_->snapshot->position(); }
  /// No commit behind it may be applied before the task is done.
  change::Position until() const;
  Task take();
  /// The task's snapshot does not serve: it waits for another one. Throws SourceUnavailable.
  void put_off(Task task);

 private:
  bool holds_back() const { return opening_.valid() && copy_awaited_; }

  change::SnapshotProvider& source_;
  WorkerOrders& orders_;
  std::optional<Task> task_;
  bool copy_awaited_ = false;
  std::future<std::unique_ptr<change::Snapshot>> opening_;
  change::Position apply_until_;  ///< while that is being opened
  std::chrono::steady_clock::time_point next_opening_{};
};

}  // namespace pgmirror::sinks::postgres
