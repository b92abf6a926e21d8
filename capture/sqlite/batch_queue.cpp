#include "capture/sqlite/batch_queue.hpp"

namespace pgmirror::capture::sqlite {

bool BatchQueue::push(WalBatch batch, std::stop_token stop) {
  const std::size_t size = batch.content.size();
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [&] { return batches_.empty() || bytes_ + size <= bound_; })) return false;
  bytes_ += size;
  batches_.push_back(std::move(batch));
  ++pushed_;
  changed_.notify_all();
  return true;
}

bool BatchQueue::wait_until_finished(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  return changed_.wait(lock, stop, [&] { return batches_.empty() && !in_work_; });
}

void BatchQueue::read_until(std::chrono::steady_clock::time_point moment) {
  const std::lock_guard lock(mutex_);
  if (marks_.empty() || marks_.back().batches != pushed_) {
    marks_.push_back({pushed_, moment});
  } else {
    marks_.back().moment = moment;
  }
  pass_marks();
}

void BatchQueue::pass_marks() {
  for (; !marks_.empty() && marks_.front().batches <= finished_; marks_.pop_front())
    finished_until_ = marks_.front().moment;
}

std::optional<std::chrono::steady_clock::time_point> BatchQueue::finished_until() const {
  const std::lock_guard lock(mutex_);
  return finished_until_;
}

void BatchQueue::close(std::exception_ptr failure) {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  failure_ = failure;
  changed_.notify_all();
}

std::optional<WalBatch> BatchQueue::pop(std::chrono::microseconds patience, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, patience, [&] { return !batches_.empty() || closed_; });
  if (batches_.empty()) return std::nullopt;
  WalBatch batch = std::move(batches_.front());
  batches_.pop_front();
  bytes_ -= batch.content.size();
  in_work_ = true;
  changed_.notify_all();
  return batch;
}

void BatchQueue::finish() {
  const std::lock_guard lock(mutex_);
  in_work_ = false;
  ++finished_;
  pass_marks();
  changed_.notify_all();
}

bool BatchQueue::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_ && batches_.empty();
}

bool BatchQueue::empty() const {
  const std::lock_guard lock(mutex_);
  return batches_.empty();
}

void BatchQueue::rethrow_failure() const {
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace pgmirror::capture::sqlite
