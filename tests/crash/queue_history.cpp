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

// Syncs in the middle of a long transaction, so that its later blocks say the earlier ones are on disk.
class SyncingOften final : public change::TransactionWriter {
 public:
  explicit SyncingOften(change::TransactionWriter& writer) : writer_(writer) {}
  void begin() override { writer_.begin(); }
  void row(const change::RowChange& change) override {
    if (++rows_ % 10 == 0) writer_.sync();
    writer_.row(change);
  }
  void schema(const change::SchemaChange& change) override { writer_.schema(change); }
  void truncate(const change::Truncation& change) override { writer_.truncate(change); }
  void gap(const change::ContentGap& gap) override { writer_.gap(gap); }
  void statement(const change::SchemaStatement& statement) override { writer_.statement(statement); }
  void sequence(const change::SequenceValue& value) override { writer_.sequence(value); }
  void commit(const change::Commit& commit) override { writer_.commit(commit); }
  void rollback() override { writer_.rollback(); }
  void sync() override { writer_.sync(); }

 private:
  change::TransactionWriter& writer_;
  std::uint64_t rows_ = 0;
};

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
  disk_->label_syncs("at start, ");
  while (!queue_) survive([this] { queue_ = open_small(disk_, history_options()); });
  disk_->label_syncs("");
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
    SyncingOften writer(*queue_);
    write_sample_changes(writer, {position});
    writer.rollback();
  });
  if (!done && !queue_) start();
}

void QueueHistory::release(std::uint64_t up_to) {
  released_ = up_to;
  while (!survive([this, up_to] { queue_->release({up_to}); })) {
    if (!queue_) start();
  }
}

void QueueHistory::write_unsynced() {
  survive([this] {
    for (;;) {
      const auto before = disk_->operations();
      queue_->begin();
      queue_->rollback();
      if (disk_->operations() != before) return;
      write_sample(*queue_, {++written_});
      tried_ = std::max(tried_, written_);
    }
  });
}

void QueueHistory::live() {
  start();
  write(12, 3);
  abandon(2 * large_sample);
  write(16, 2);
  abandon(large_sample);
  write(17, 1);
  release(5);
  start();
  write(25, 4);
  sync();
  survive([this] {
    SyncingOften writer(*queue_);
    write_sample_changes(writer, {2 * large_sample});
    writer.sync();
  });
  start();
  write(2 * large_sample, 100);
  write_unsynced();
  start();
  write(written_ + 2, 1);
  release(promised_);
  write(written_ + 3, 2);
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
