#include "tests/crash/queue_history.hpp"

#include <fmt/format.h>

#include "tests/unit/queue/sample_transactions.hpp"
#include "tests/unit/queue/small_queue.hpp"

namespace pgmirror::queue::testing {
namespace {

constexpr std::uint64_t large_sample = 13;

Options history_options() {
  auto options = small_options();
  options.segment_bytes = 6000;
  options.block_bytes = 1500;
  return options;
}

}  // namespace

template <typename Step>
bool QueueHistory::survive(Step step) {
  try {
    step();
    return true;
  } catch (const DiskFull&) {
    // The fault was for one operation only: there is space again.
    return false;
  } catch (const std::system_error&) {
    queue_.reset();
    return false;
  }
}

void QueueHistory::start() {
  queue_.reset();
  while (!queue_) survive([this] { queue_ = open_small(disk_, history_options()); });
  written_ = queue_->end().value;
  promised_ = std::max(promised_, written_);
}

void QueueHistory::sync() {
  while (!survive([this] { queue_->sync(); })) {
    if (!queue_) start();
  }
  promised_ = std::max(promised_, queue_->end().value);
}

void QueueHistory::write(std::uint64_t last, std::uint64_t sync_every) {
  auto next = written_ + 1;
  while (next <= last) {
    const bool done = survive([this, next, sync_every] {
      write_sample_changes(*queue_, {next});
      tried_ = std::max(tried_, next);
      queue_->commit({{next}, sample_time({next})});
      if (next % sync_every == 0) queue_->sync();
    });
    if (done) {
      promised_ = std::max(promised_, queue_->end().value);
      written_ = next++;
      continue;
    }
    if (!queue_) start();
    sync();
    written_ = queue_->end().value;
    next = written_ + 1;
  }
}

void QueueHistory::abandon(std::uint64_t position) {
  const bool done = survive([this, position] {
    write_sample_changes(*queue_, {position});
    queue_->rollback();
  });
  if (!done && !queue_) start();
}

void QueueHistory::release(std::uint64_t up_to) {
  released_ = up_to;
  while (!survive([this, up_to] { queue_->release({up_to}); })) {
    if (!queue_) start();
  }
}

void QueueHistory::live() {
  start();
  write(12, 3);
  abandon(2 * large_sample);
  write(16, 2);
  release(5);
  start();
  write(25, 4);
  sync();
  survive([this] {
    write_sample_changes(*queue_, {2 * large_sample});
    queue_->sync();
  });
  start();
  write(2 * large_sample, 100);
  // Killed: blocks that hold commits are written, but not synced.
  start();
  write(28, 1);
  release(promised_);
  write(30, 2);
  sync();
}

bool QueueHistory::run() {
  try {
    live();
    return true;
  } catch (const PowerCut&) {
    queue_.reset();
    return false;
  }
}

std::optional<std::string> QueueHistory::broken_promise(const std::shared_ptr<ForgetfulDisk>& disk) const {
  try {
    for (const bool again : {false, true}) {
      const auto queue = open_small(disk, history_options());
      const auto begin = queue->begin_position().value;
      const auto end = queue->end().value;
      if (end < promised_) return fmt::format("promised {}, ends at {}", promised_, end);
      if (!again && end > tried_) return fmt::format("ends at {}, though {} was the last commit", end, tried_);
      if (begin > released_) return fmt::format("begins after {}, though only {} was released", begin, released_);
      auto cursor = queue->open_cursor({begin});
      if (read_all(cursor) != samples(begin + 1, end)) return "holds other transactions than were written";
      if (again) continue;
      for (auto next = end + 1; next <= end + 3; ++next) write_sample(*queue, {next});
      queue->sync();
      if (read_all(cursor) != samples(end + 1, end + 3)) return "does not go on";
    }
    return std::nullopt;
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace pgmirror::queue::testing
