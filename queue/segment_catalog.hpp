#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>

#include "queue/commit_marks.hpp"
#include "queue/file.hpp"
#include "queue/growing_transaction.hpp"
#include "queue/segment_info.hpp"
#include "queue/segment_scan.hpp"
#include "queue/usage.hpp"

namespace pgmirror::queue {

/// What the writer, the cursors and those who delete know in common: which segments exist and how far they may be read.
///
/// Safe to use from any thread. Blocks only where a function says so.
class SegmentCatalog {
 public:
  SegmentCatalog(std::shared_ptr<FileSystem> files, std::filesystem::path directory, std::uint64_t budget_bytes,
                 std::chrono::seconds retention);

  const FileSystem& files() const { return *files_; }
  std::filesystem::path path(std::uint64_t sequence) const;

  void add(const SegmentInfo& segment);
  /// What is known about the newest from reading it: `commits` are its blocks with commits.
  void start_at(std::span<const BlockSummary> commits, const BlockPlace& limit);
  void newest_has(std::uint64_t file_bytes);
  void seal_newest(std::uint64_t file_bytes, bool open_at_end);
  void unseal_newest(std::uint64_t file_bytes);
  /// Takes it from the list; the file is the caller's.
  void drop_newest();
  /// Blocks of the newest segment are durable, and may be read up to `limit`. Wakes waiting cursors.
  void announce(std::span<const BlockSummary> blocks, const BlockPlace& limit);
  /// A block of the newest segment ends at `written`, durable or not; `growing` is the transaction that is open behind
  /// it. Wakes waiting readers.
  void wrote(std::uint64_t file_bytes, const BlockPlace& written, const std::optional<GrowingTransaction>& growing);
  /// The open transaction is about to be taken back, with its blocks.
  void abandon();

  /// How far may be read.
  BlockPlace limit(Reach reach) const;
  /// Grows with each abandon().
  std::uint64_t abandonments() const { return abandonments_; }
  /// The transaction that is being written behind the durable commit `after`, of at least so many bytes.
  std::optional<GrowingTransaction> growing(change::Position after, std::uint64_t least_bytes) const;
  /// Blocks until there is one, or a durable commit behind `after`.
  bool wait_for_more(change::Position after, std::uint64_t least_bytes, std::stop_token stop,
                     std::chrono::milliseconds timeout) const;
  /// Blocks until more than that is written, or a transaction was abandoned since the count was `abandonments`.
  bool wait_for_growth(const BlockPlace& beyond, std::uint64_t abandonments, std::stop_token stop,
                       std::chrono::milliseconds timeout) const;
  change::Position end() const;
  change::Position begin() const;
  /// Blocks until the last durable commit is at or beyond `position`.
  bool wait_for_end(change::Position position, std::stop_token stop, std::chrono::milliseconds timeout) const;
  /// Where to look for the first transaction after `after`: the last segment with a commit that is not after it, or the
  /// oldest one. Throws PositionUnavailable.
  std::uint64_t segment_for(change::Position after) const;

  /// Deletes what is released; the retention counts only while the budget is not used up. Blocks on disk.
  void release(change::Position up_to);
  bool over_budget() const;
  bool all_released() const;
  /// Blocks while over budget and not all_released(); false after interrupt().
  bool wait_for_budget();
  void interrupt();

  Usage usage() const;
  Backlog backlog(change::Position after) const;

 private:
  bool over_budget_locked() const { return bytes_ >= budget_bytes_; }
  bool growing_locked(change::Position after, std::uint64_t least_bytes) const;
  bool releasable_locked() const;
  change::Position begin_locked() const;
  std::optional<SegmentInfo> take_releasable(change::Position up_to);
  void put_back(const SegmentInfo& segment);

  const std::shared_ptr<FileSystem> files_;
  const std::filesystem::path directory_;
  const std::uint64_t budget_bytes_;
  const std::chrono::seconds retention_;

  std::mutex deleting_;  ///< taken before mutex_; oldest first holds only if one thread deletes at a time
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::deque<SegmentInfo> segments_;
  CommitMarks marks_;
  std::uint64_t bytes_ = 0;
  BlockPlace limit_;
  BlockPlace written_;
  std::optional<GrowingTransaction> growing_;
  std::atomic<std::uint64_t> abandonments_ = 0;
  change::Position end_;
  change::Position released_;
  std::optional<std::chrono::system_clock::time_point> blocked_since_;
  bool interrupted_ = false;
};

}  // namespace pgmirror::queue
