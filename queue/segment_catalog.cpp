#include "queue/segment_catalog.hpp"

#include "queue/position_unavailable.hpp"
#include "queue/segment_header.hpp"

namespace pgmirror::queue {

SegmentCatalog::SegmentCatalog(std::shared_ptr<FileSystem> files, std::filesystem::path directory,
                               std::uint64_t budget_bytes, std::chrono::seconds retention)
    : files_(std::move(files)), directory_(std::move(directory)), budget_bytes_(budget_bytes), retention_(retention) {}

std::filesystem::path SegmentCatalog::path(std::uint64_t sequence) const {
  return directory_ / segment_file_name(sequence);
}

void SegmentCatalog::add(const SegmentInfo& segment) {
  const std::lock_guard lock(mutex_);
  segments_.push_back(segment);
  bytes_ += segment.file_bytes;
}

void SegmentCatalog::start_at(std::span<const BlockSummary> commits, const BlockPlace& limit) {
  const std::lock_guard lock(mutex_);
  marks_.add(segments_.back().sequence, commits);
  limit_ = limit;
  end_ = segments_.back().last;
}

void SegmentCatalog::newest_has(std::uint64_t file_bytes) {
  const std::lock_guard lock(mutex_);
  bytes_ = bytes_ - segments_.back().file_bytes + file_bytes;
  segments_.back().file_bytes = file_bytes;
}

void SegmentCatalog::seal_newest(std::uint64_t file_bytes, bool open_at_end) {
  newest_has(file_bytes);
  const std::lock_guard lock(mutex_);
  segments_.back().sealed = true;
  segments_.back().open_at_end = open_at_end;
}

void SegmentCatalog::unseal_newest(std::uint64_t file_bytes) {
  newest_has(file_bytes);
  const std::lock_guard lock(mutex_);
  segments_.back().sealed = false;
  segments_.back().open_at_end = false;
}

void SegmentCatalog::drop_newest() {
  const std::lock_guard lock(mutex_);
  bytes_ -= segments_.back().file_bytes;
  segments_.pop_back();
}

void SegmentCatalog::announce(std::span<const BlockSummary> blocks, const BlockPlace& limit) {
  {
    const std::lock_guard lock(mutex_);
    auto& newest = segments_.back();
    for (const auto& [header, end] : blocks) {
      newest.totals.count(header);
      newest.last = header.last;
      newest.last_time = header.last_time;
      newest.end = end;
    }
    marks_.add(newest.sequence, blocks);
    limit_ = limit;
    end_ = newest.last;
  }
  changed_.notify_all();
}

void SegmentCatalog::wrote(std::uint64_t file_bytes, const BlockPlace& written,
                           const std::optional<GrowingTransaction>& growing) {
  newest_has(file_bytes);
  {
    const std::lock_guard lock(mutex_);
    written_ = written;
    growing_ = growing;
    if (growing_) growing_->abandonments = abandonments_;
  }
  changed_.notify_all();
}

void SegmentCatalog::abandon() {
  {
    const std::lock_guard lock(mutex_);
    growing_.reset();
    ++abandonments_;
  }
  changed_.notify_all();
}

BlockPlace SegmentCatalog::limit(Reach reach) const {
  const std::lock_guard lock(mutex_);
  return reach == Reach::durable ? limit_ : written_;
}

bool SegmentCatalog::growing_locked(change::Position after, std::uint64_t least_bytes) const {
  return growing_ && growing_->after == after && end_ == after && growing_->bytes >= least_bytes;
}

std::optional<GrowingTransaction> SegmentCatalog::growing(change::Position after, std::uint64_t least_bytes) const {
  const std::lock_guard lock(mutex_);
  return growing_locked(after, least_bytes) ? growing_ : std::nullopt;
}

bool SegmentCatalog::wait_for_more(change::Position after, std::uint64_t least_bytes, std::stop_token stop,
                                   std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, stop, timeout, [&] { return end_ > after || growing_locked(after, least_bytes); });
}

bool SegmentCatalog::wait_for_growth(const BlockPlace& beyond, std::uint64_t abandonments, std::stop_token stop,
                                     std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, stop, timeout, [&] { return written_ > beyond || abandonments_ != abandonments; });
}

change::Position SegmentCatalog::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

change::Position SegmentCatalog::begin() const {
  const std::lock_guard lock(mutex_);
  return begin_locked();
}

// The oldest segment may start in the middle of a transaction whose beginning was deleted with its predecessor; that
// transaction is gone as a whole.
change::Position SegmentCatalog::begin_locked() const {
  for (const auto& segment : segments_) {
    if (!segment.totals.open_at_start || segment.totals.outcome == Outcome::abandoned) break;
    if (segment.totals.outcome == Outcome::committed) return segment.totals.first;
  }
  return segments_.front().after;
}

bool SegmentCatalog::wait_for_end(change::Position position, std::stop_token stop,
                                  std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, stop, timeout, [&] { return end_ >= position; });
}

std::uint64_t SegmentCatalog::segment_for(change::Position after) const {
  const std::lock_guard lock(mutex_);
  if (after < begin_locked()) {
    throw PositionUnavailable("position " + to_string(after) + " is no longer in the queue, which begins after " +
                              to_string(begin_locked()) + "; run \"pgmirror resync\"");
  }
  if (after > end_) {
    throw PositionUnavailable("position " + to_string(after) + " lies beyond the end of the queue (" + to_string(end_) +
                              "); restore the state directory or run \"pgmirror resync\"");
  }
  auto found = segments_.front().sequence;
  for (const auto& segment : segments_) {
    if (segment.totals.commits > 0 && segment.totals.first <= after) found = segment.sequence;
  }
  return found;
}

bool SegmentCatalog::releasable_locked() const {
  const auto& oldest = segments_.front();
  if (segments_.size() < 2 || oldest.sequence >= limit_.segment || oldest.last > released_) return false;
  if (!over_budget_locked() && std::chrono::system_clock::now() < oldest.last_time + retention_) return false;
  if (!oldest.open_at_end) return true;
  for (auto next = segments_.begin() + 1; next != segments_.end(); ++next) {
    if (next->totals.blocks > 0 && !next->totals.open_at_start) return true;
    if (next->totals.outcome == Outcome::abandoned) return true;
    if (next->totals.outcome == Outcome::committed) return next->totals.first <= released_;
  }
  return false;
}

std::optional<SegmentInfo> SegmentCatalog::take_releasable(change::Position up_to) {
  const std::lock_guard lock(mutex_);
  released_ = std::max(released_, up_to);
  if (!releasable_locked()) return std::nullopt;
  const auto oldest = segments_.front();
  bytes_ -= oldest.file_bytes;
  segments_.pop_front();
  return oldest;
}

void SegmentCatalog::put_back(const SegmentInfo& segment) {
  const std::lock_guard lock(mutex_);
  segments_.push_front(segment);
  bytes_ += segment.file_bytes;
}

void SegmentCatalog::release(change::Position up_to) {
  const std::lock_guard one_at_a_time(deleting_);
  while (const auto oldest = take_releasable(up_to)) {
    try {
      files_->remove(path(oldest->sequence));
    } catch (...) {
      // A younger one must not go before it: that would be a hole.
      put_back(*oldest);
      throw;
    }
    // Each by itself: a crash may keep the later of two removals and lose the earlier.
    files_->sync_directory(directory_);
  }
  changed_.notify_all();
}

bool SegmentCatalog::over_budget() const {
  const std::lock_guard lock(mutex_);
  return over_budget_locked();
}

bool SegmentCatalog::all_released() const {
  const std::lock_guard lock(mutex_);
  return released_ >= end_;
}

bool SegmentCatalog::wait_for_budget() {
  std::unique_lock lock(mutex_);
  blocked_since_ = std::chrono::system_clock::now();
  changed_.wait(lock, [&] { return interrupted_ || !over_budget_locked() || released_ >= end_; });
  blocked_since_.reset();
  return !interrupted_;
}

void SegmentCatalog::interrupt() {
  {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
  }
  changed_.notify_all();
}

Usage SegmentCatalog::usage() const {
  const std::lock_guard lock(mutex_);
  Usage usage;
  usage.bytes = bytes_;
  usage.budget_bytes = budget_bytes_;
  usage.segments = segments_.size();
  usage.blocked_since = blocked_since_;
  for (const auto& segment : segments_) {
    if (segment.totals.commits == 0) continue;
    usage.oldest_commit = segment.totals.first_time;
    break;
  }
  return usage;
}

Backlog SegmentCatalog::backlog(change::Position after) const {
  const std::lock_guard lock(mutex_);
  Backlog backlog;
  for (const auto& segment : segments_) marks_.estimate(backlog, segment, after);
  return backlog;
}

}  // namespace pgmirror::queue
