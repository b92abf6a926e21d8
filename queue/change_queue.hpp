#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>

#include "change/transaction.hpp"
#include "queue/cursor.hpp"
#include "queue/file.hpp"

namespace pgmirror::queue {

/// The queue in the directory is not the one asked for: another source, another format, held by another agent.
class QueueRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// No space on the device. Transient, and nothing acknowledged or committed is lost: the open transaction is forgotten,
/// commits stay in memory. Wait, call sync() until it returns, then go on after end().
class DiskFull : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// begin() gave up waiting for the disk budget because interrupt() was called.
class Interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Options {
  std::filesystem::path directory;
  change::SourceIdentity source;
  /// begin() waits while the files are larger than this together.
  std::uint64_t disk_budget_bytes = std::uint64_t{10} << 30U;
  /// A segment is closed when it reaches this; at most an eighth of the budget is used, so that budget comes free in
  /// steps.
  std::uint64_t segment_bytes = std::uint64_t{64} << 20U;
  /// Commits younger than this are kept though all mirrors have them, as long as the budget allows.
  std::chrono::seconds retention{0};
  /// Where a queue that is new begins: the position of the copy it continues.
  change::Position start{};
  std::size_t block_bytes = std::size_t{256} << 10U;
  int compression_level = 1;  ///< of zstd; 0: none
};

/// What opening found.
struct Recovery {
  bool created = false;                 ///< there was no queue
  std::uint64_t torn_bytes = 0;         ///< cut from the end: written when the agent died, never acknowledged
  bool unfinished_transaction = false;  ///< one was being written when the agent died; it is forgotten
};

struct Usage {
  std::uint64_t bytes = 0;
  std::uint64_t budget_bytes = 0;
  std::size_t segments = 0;
  std::optional<change::CommitTime> oldest_commit;                     ///< about: of the first commit still held
  std::optional<std::chrono::system_clock::time_point> blocked_since;  ///< begin() waits for the budget
};

/// What a reader at some position has before it.
struct Backlog {
  std::uint64_t transactions = 0;
  std::uint64_t changes = 0;
  std::uint64_t bytes = 0;  ///< on disk
  std::optional<change::CommitTime> oldest_commit;
};

class QueueWriter;
class SegmentCatalog;

/// The durable queue between one source and every mirror.
///
/// Holds committed transactions in commit order in segment files under one directory (format: FORMAT.md). One thread
/// appends; any number of Cursors read, each from its own thread. Cursors see only what sync() has made durable, so no
/// mirror can run ahead of a crash.
///
/// The functions of TransactionWriter belong to one thread and throw DiskFull, FsyncError, or std::system_error for
/// other disk failures; after anything but DiskFull and Interrupted the queue takes nothing more and the process should
/// end. All other functions may be called from any thread.
class ChangeQueue final : public change::TransactionWriter {
 public:
  /// Opens or creates; takes the lock for life. Throws QueueRefused, Damage (damage.hpp) or std::system_error.
  explicit ChangeQueue(Options options);
  ChangeQueue(Options options, std::shared_ptr<FileSystem> files);
  ~ChangeQueue() override;
  ChangeQueue(const ChangeQueue&) = delete;
  ChangeQueue& operator=(const ChangeQueue&) = delete;

  const Recovery& recovery() const { return recovery_; }

  /// Blocks while the disk budget is used up, after making all commits so far durable; never blocks inside a
  /// transaction.
  void begin() override;
  void row(const change::RowChange& change) override;
  void schema(const change::SchemaChange& change) override;
  void truncate(const change::Truncation& change) override;
  /// Positions must grow. Does not touch the disk.
  void commit(const change::Commit& commit) override;
  void rollback() override;
  void sync() override;

  /// The last durable commit, or where the queue began.
  change::Position end() const;
  /// Every commit after this one is still held.
  change::Position begin_position() const;
  /// Blocks until `position` is durable here, at most `timeout`. False if it is not.
  bool wait_durable(change::Position position, std::stop_token stop, std::chrono::milliseconds timeout) const;

  /// Everything up to here is applied, and durable, everywhere. Deletes the segments nobody needs any more.
  void release(change::Position up_to);
  /// Ends a wait in begin(), now or later, with Interrupted.
  void interrupt();

  Usage usage() const;
  /// An estimate without reading any file: exact in the newest segment, interpolated in older ones.
  Backlog backlog(change::Position after) const;

  /// A reader at the first transaction after `after`. Throws PositionUnavailable.
  Cursor open_cursor(change::Position after) const;

 private:
  Options options_;
  std::shared_ptr<FileSystem> files_;
  std::unique_ptr<File> lock_;
  std::shared_ptr<SegmentCatalog> catalog_;
  Recovery recovery_;
  std::unique_ptr<QueueWriter> writer_;
};

}  // namespace pgmirror::queue
