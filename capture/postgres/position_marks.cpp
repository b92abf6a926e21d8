#include "capture/postgres/position_marks.hpp"

#include <algorithm>
#include <utility>

namespace pgmirror::capture::postgres {

void PositionMarks::want(PositionMark mark) {
  const std::lock_guard lock(mutex_);
  if (mark.position <= reached_ && !mark.tell) return;
  const change::Position position = mark.position;
  wanted_.emplace(position, std::move(mark));
  if (wake_) wake_();
}

void PositionMarks::watch(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

std::optional<PositionMark> PositionMarks::take(change::Position place) {
  const std::lock_guard lock(mutex_);
  if (wanted_.empty() || wanted_.begin()->first > place) return std::nullopt;
  PositionMark first = std::move(wanted_.begin()->second);
  wanted_.erase(wanted_.begin());
  return first;
}

bool PositionMarks::any() const {
  const std::lock_guard lock(mutex_);
  return !wanted_.empty();
}

void PositionMarks::reached(change::Position position) {
  const std::lock_guard lock(mutex_);
  reached_ = std::max(reached_, position);
  std::erase_if(wanted_, [this](const auto& mark) { return mark.first <= reached_ && !mark.second.tell; });
}

}  // namespace pgmirror::capture::postgres
