#include "capture/postgres/backlog_steps.hpp"

#include <algorithm>

namespace pgmirror::capture::postgres {

std::optional<BacklogStep> BacklogSteps::next(change::Position written, change::Position restart,
                                              change::Position log_end) {
  const std::uint64_t from = std::max(written, reached_).value;
  const std::uint64_t furthest = restart.value + pace_.most_read;
  if (log_end.value < from + pace_.near || furthest <= from) return std::nullopt;
  BacklogStep step{.up_to = {std::min(log_end.value, furthest)}, .messages = messages_};
  // Where the log goes on as it did, a rest that is hardly more than this step is taken along.
  const std::uint64_t passed = written > before_ ? written.value - before_.value : 0;
  const std::uint64_t left = step.up_to.value - from;
  if (came_ > 0 && left / 3 * 2 < passed / came_ * messages_) step.messages = 0;
  messages_ = std::min(2 * messages_, pace_.most);
  before_ = written;
  asked_ = step;
  came_ = 0;
  return step;
}

void BacklogSteps::taken(std::uint64_t messages) {
  came_ = messages;
  if (asked_->messages == 0 || messages < asked_->messages) reached_ = asked_->up_to;
}

}  // namespace pgmirror::capture::postgres
