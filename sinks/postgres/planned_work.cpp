#include "sinks/postgres/planned_work.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "sinks/postgres/batch_collector.hpp"
#include "sinks/postgres/source_questions.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using Clock = std::chrono::steady_clock;

/// Each makes the source read its log.
constexpr std::chrono::milliseconds between_snapshots{100};

}  // namespace

void PlannedWork::take_orders(bool comparing) {
  if (const auto ordered = orders_.take_resync()) {
    auto now = snapshot_of(source_);
    auto tables = ordered->empty() ? tables_of(*now) : *ordered;
    task_ = Task{.snapshot = std::move(now), .again = std::move(tables), .ordered = true};
  }
  if (task_ || comparing) return;
  if (auto verification = orders_.take_verification()) {
    task_ = Task{.snapshot = snapshot_of(source_), .verification = std::move(verification)};
  }
}

void PlannedWork::look_for_snapshot(change::Position applied, change::Position queue_end) {
  if (opening_.valid() && opening_.wait_for(std::chrono::milliseconds{0}) == std::future_status::ready) {
    auto snapshot = opening_.get();
    // Some order may have brought the mirror past it meanwhile, or planned something else first.
    if (copy_awaited_ && !task_ && snapshot->position() >= applied) task_ = Task{.snapshot = std::move(snapshot)};
  }
  if (!copy_awaited_ || task_ || opening_.valid() || Clock::now() < next_opening_) return;
  apply_until_ = queue_end;
  opening_ = std::async(std::launch::async, [this] { return snapshot_of(source_); });
}

change::Position PlannedWork::until() const {
  change::Position until = BatchLimits{}.until;
  if (holds_back()) until = std::min(until, apply_until_);
  if (task_) until = std::min(until, task_->snapshot->position());
  return until;
}

PlannedWork::Task PlannedWork::take() {
  Task task = std::move(*task_);
  task_.reset();
  return task;
}

void PlannedWork::put_off(Task task) {
  if (!task.ordered && !task.verification) {
    next_opening_ = Clock::now() + between_snapshots;
    return await_copy();
  }
  task.snapshot.reset();
  task.snapshot = snapshot_of(source_);
  task_ = std::move(task);
}

}  // namespace pgmirror::sinks::postgres
