#include "capture/postgres/backlog_steps.hpp"

#include <algorithm>

namespace pgmirror::capture::postgres {
namespace {

/// Fewer steps read less again, more of them have the first rows applied earlier.
constexpr std::uint32_t growth = 4;

}  // namespace

std::optional<BacklogStep> BacklogSteps::next(const Backlog& backlog) {
  const std::uint64_t from = backlog.passed.value;
  const std::uint64_t furthest = backlog.restart.value + pace_.most_read;
  if (backlog.log_end.value < from + pace_.near || furthest <= from) return std::nullopt;
  BacklogStep step{.up_to = {std::min(backlog.log_end.value, furthest)}, .messages = messages_};
  const std::uint64_t left = step.up_to.value - from;
  const std::uint64_t again = from > backlog.restart.value ? from - backlog.restart.value : 0;
  if (left < again / pace_.worth) return std::nullopt;
  // Where the log goes on as it did, a rest that is hardly more than a step is taken along.
  const auto hardly_more = [&] { return came_ == 0 || left / 3 * 2 < (from - before_.value) / came_ * messages_; };
  if (left < pace_.least * again || (asked_ && hardly_more())) {
    step.messages = 0;
  } else if (!asked_) {
    step.up_to.value = std::min(step.up_to.value, from + pace_.probe);
  }
  if (asked_) messages_ = std::min(growth * messages_, pace_.most);
  asked_ = true;
  before_ = backlog.passed;
  came_ = 0;
  return step;
}

}  // namespace pgmirror::capture::postgres
