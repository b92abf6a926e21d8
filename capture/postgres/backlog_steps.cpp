#include "capture/postgres/backlog_steps.hpp"

#include <algorithm>

namespace pgmirror::capture::postgres {

std::optional<change::Position> BacklogSteps::next(change::Position written, change::Position restart,
                                                   change::Position log_end) {
  const bool in_vain = reached_ != change::Position{} && written == before_;
  const std::uint64_t from = std::max(written, reached_).value;
  const std::uint64_t furthest = restart.value + pace_.most_read;
  if (log_end.value < from + pace_.near || furthest <= from) return std::nullopt;
  std::uint64_t end = in_vain ? furthest : from + step_;
  // A rest that would be left over is taken along.
  if (end + pace_.near > log_end.value) end = log_end.value;
  if (end > furthest) return std::nullopt;
  step_ = std::min(2 * step_, pace_.largest);
  before_ = written;
  reached_ = {end};
  return reached_;
}

}  // namespace pgmirror::capture::postgres
