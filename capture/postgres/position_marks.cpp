#include "capture/postgres/position_marks.hpp"

#include <algorithm>

namespace pgmirror::capture::postgres {

void PositionMarks::want(change::Position position) {
  const std::lock_guard lock(mutex_);
  if (position > reached_) wanted_.insert(position);
}

std::optional<change::Position> PositionMarks::next() const {
  const std::lock_guard lock(mutex_);
  if (wanted_.empty()) return std::nullopt;
  return *wanted_.begin();
}

void PositionMarks::reached(change::Position position) {
  const std::lock_guard lock(mutex_);
  reached_ = std::max(reached_, position);
  wanted_.erase(wanted_.begin(), wanted_.upper_bound(position));
}

}  // namespace pgmirror::capture::postgres
