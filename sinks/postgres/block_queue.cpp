#include "sinks/postgres/block_queue.hpp"

#include <utility>

namespace pgmirror::sinks::postgres {

bool BlockQueue::push(CopyBlock&& block) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return blocks_.size() < capacity_ || given_up_; });
  if (given_up_) return false;
  blocks_.push_back(std::move(block));
  changed_.notify_all();
  return true;
}

std::optional<CopyBlock> BlockQueue::pop() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !blocks_.empty() || complete_ || given_up_; });
  if (given_up_ || blocks_.empty()) return std::nullopt;
  CopyBlock block = std::move(blocks_.front());
  blocks_.pop_front();
  changed_.notify_all();
  return block;
}

void BlockQueue::complete() {
  const std::lock_guard lock(mutex_);
  complete_ = true;
  changed_.notify_all();
}

void BlockQueue::give_up() {
  const std::lock_guard lock(mutex_);
  given_up_ = true;
  changed_.notify_all();
}

bool BlockQueue::given_up() const {
  const std::lock_guard lock(mutex_);
  return given_up_;
}

CopyBlock BlockQueue::fresh() {
  const std::lock_guard lock(mutex_);
  if (spare_.empty()) return {};
  CopyBlock block = std::move(spare_.front());
  spare_.pop_front();
  return block;
}

void BlockQueue::recycle(CopyBlock&& block) {
  block.bytes.clear();
  block.rows = 0;
  block.odd = OddValues{};
  block.allow_null.clear();
  const std::lock_guard lock(mutex_);
  spare_.push_back(std::move(block));
}

}  // namespace pgmirror::sinks::postgres
