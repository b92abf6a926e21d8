#pragma once

#include <chrono>
#include <memory>
#include <stop_token>

#include "change/transaction.hpp"
#include "queue/cursor.hpp"
#include "queue/disk_full.hpp"
#include "queue/file.hpp"
#include "queue/options.hpp"
#include "queue/queue_reader.hpp"
#include "queue/recovery.hpp"
#include "queue/refusal.hpp"
#include "queue/usage.hpp"

namespace pgmirror::queue {

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
  void gap(const change::ContentGap& gap) override;
  void statement(const change::SchemaStatement& statement) override;
  void sequence(const change::SequenceValue& value) override;
  /// Positions must grow. Does not touch the disk.
  void commit(const change::Commit& commit) override;
  void rollback() override;
  void sync() override;
  void before_commits_are_written(const std::function<void()>& prepare) override;

  /// What mirrors get to see.
  QueueReader reader() const { return QueueReader(catalog_); }
  // The same questions, for those who hold the queue anyway.
  change::Position end() const { return reader().end(); }
  change::Position begin_position() const { return reader().begin_position(); }
  bool wait_durable(change::Position position, std::stop_token stop, std::chrono::milliseconds timeout) const {
    return reader().wait_durable(position, std::move(stop), timeout);
  }
  Backlog backlog(change::Position after) const { return reader().backlog(after); }
  Cursor open_cursor(change::Position after) const { return reader().open_cursor(after); }

  /// Everything up to here is applied, and durable, everywhere. Deletes the segments nobody needs any more.
  void release(change::Position up_to);
  /// Ends a wait in begin(), now or later, with Interrupted.
  void interrupt();

  Usage usage() const;

 private:
  Options options_;
  std::shared_ptr<FileSystem> files_;
  std::unique_ptr<File> lock_;
  std::shared_ptr<SegmentCatalog> catalog_;
  Recovery recovery_;
  std::unique_ptr<QueueWriter> writer_;
};

}  // namespace pgmirror::queue
