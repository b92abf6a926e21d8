#include "capture/postgres/backlog_turns.hpp"

namespace pgmirror::capture::postgres {

void BacklogTurns::add(Reader reader) {
  const std::lock_guard lock(mutex_);
  order_.push_back(reader);
  changed_.notify_all();
}

void BacklogTurns::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

std::optional<BacklogTurns::Reader> BacklogTurns::wait(const std::stop_token& stop, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, timeout, [this] { return !order_.empty() || ended_; });
  if (order_.empty()) return std::nullopt;
  return order_.front();
}

void BacklogTurns::taken() {
  const std::lock_guard lock(mutex_);
  order_.pop_front();
}

bool BacklogTurns::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_ && order_.empty();
}

void BacklogTurns::hand_over(const BacklogSplit& split) {
  const std::lock_guard lock(mutex_);
  splits_.push_back(split);
  changed_.notify_all();
}

std::optional<BacklogSplit> BacklogTurns::wait_for_split() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !splits_.empty() || ended_; });
  if (splits_.empty()) return std::nullopt;
  const BacklogSplit split = splits_.front();
  splits_.pop_front();
  return split;
}

}  // namespace pgmirror::capture::postgres
