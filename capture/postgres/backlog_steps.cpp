#include "capture/postgres/backlog_steps.hpp"

#include <algorithm>

namespace pgmirror::capture::postgres {
namespace {

/// Where nothing comes of the first, the log may have begun with what is not mirrored, or with a vacuum.
constexpr unsigned most_looks = 2;

std::uint64_t read_again(const Backlog& backlog) {
  return backlog.passed > backlog.restart ? backlog.passed.value - backlog.restart.value : 0;
}

}  // namespace

std::optional<BacklogStep> BacklogSteps::next(const Backlog& backlog) {
  const std::uint64_t from = backlog.passed.value;
  BacklogStep step{.up_to = {end_of(backlog)}};
  if (backlog.log_end.value < from + pace_.near || step.up_to.value <= from) return std::nullopt;
  const std::uint64_t left = step.up_to.value - from;
  const std::uint64_t again = read_again(backlog);
  if (left < again / pace_.worth) return std::nullopt;
  if (left >= pace_.least * again) {
    if (came_ > 0) {
      step.messages = part_of(left, from - before_.value);
    } else if (looks_ < most_looks) {
      step.messages = pace_.first;
      step.up_to.value = std::min(step.up_to.value, from + (pace_.probe << 2 * looks_++));
    }
  }
  before_ = backlog.passed;
  came_ = 0;
  return step;
}

std::optional<BacklogSplit> BacklogSteps::split(const Backlog& backlog) const {
  const std::uint64_t from = backlog.passed.value;
  const std::uint64_t end = std::min(end_of(backlog), from + pace_.most_for_two);
  if (came_ == 0 || end < from + pace_.worth_two || end - from < pace_.least * read_again(backlog)) return std::nullopt;
  const double share = static_cast<double>(end - from) * pace_.first_share;
  return BacklogSplit{.middle = {from + static_cast<std::uint64_t>(share)}, .end = {end}};
}

std::uint64_t BacklogSteps::end_of(const Backlog& backlog) const {
  return std::min(backlog.log_end.value, backlog.restart.value + pace_.most_read);
}

/// Of messages that come in `left` bytes of the log, if it goes on as it did in the last `read`.
std::uint32_t BacklogSteps::part_of(std::uint64_t left, std::uint64_t read) const {
  const double expected = static_cast<double>(came_) / static_cast<double>(read) * static_cast<double>(left);
  const double part = std::min(expected * pace_.part, static_cast<double>(pace_.most));
  return std::max(static_cast<std::uint32_t>(part), pace_.first);
}

}  // namespace pgmirror::capture::postgres
