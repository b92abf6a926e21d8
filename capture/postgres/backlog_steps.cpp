#include "capture/postgres/backlog_steps.hpp"

#include <algorithm>

namespace pgmirror::capture::postgres {
namespace {

/// A step reads again what lies behind the slot's restart, and then the stream does: so much more log must lie before a
/// step that decoding it for the stream, one send() a row, would cost more.
constexpr std::uint64_t worth_reading_again = 3;

}  // namespace

std::optional<BacklogStep> BacklogSteps::next(const Backlog& backlog) {
  const std::uint64_t from = backlog.passed.value;
  const std::uint64_t furthest = backlog.restart.value + pace_.most_read;
  if (backlog.log_end.value < from + pace_.near || furthest <= from) return std::nullopt;
  BacklogStep step{.up_to = {std::min(backlog.log_end.value, furthest)}, .messages = messages_};
  const std::uint64_t left = step.up_to.value - from;
  const std::uint64_t again = from > backlog.restart.value ? from - backlog.restart.value : 0;
  if (left < again / worth_reading_again) return std::nullopt;
  // Where the log goes on as it did, a rest that is hardly more than this step is taken along.
  const bool ends = came_ > 0 && left / 3 * 2 < (from - before_.value) / came_ * messages_;
  if (ends || backlog.transactions < left / pace_.large) step.messages = 0;
  messages_ = std::min(2 * messages_, pace_.most);
  before_ = backlog.passed;
  came_ = 0;
  return step;
}

}  // namespace pgmirror::capture::postgres
