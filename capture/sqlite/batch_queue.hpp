#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>

#include "capture/sqlite/wal_batch.hpp"

namespace pgmirror::capture::sqlite {

/// Batches on their way from the thread that reads the WAL to the thread that decodes them, bounded in bytes.
class BatchQueue {
 public:
  explicit BatchQueue(std::size_t bytes) : bound_(bytes) {}

  /// Waits for room; a batch larger than the bound fits when the queue is empty. False: stop was requested first.
  bool push(WalBatch batch, std::stop_token stop);
  /// Waits until every batch pushed was popped and finished. False: stop was requested first.
  bool wait_until_finished(std::stop_token stop);
  /// Whatever was committed before `moment` has been pushed.
  void read_until(std::chrono::steady_clock::time_point moment);
  /// No batch comes any more, for this reason if any.
  void close(std::exception_ptr failure);

  /// Waits for a batch at most until `patience` has passed. Empty: none came, or closed().
  std::optional<WalBatch> pop(std::chrono::microseconds patience, std::stop_token stop);
  /// The batch popped last is no longer needed.
  void finish();
  /// Whatever was committed before this moment was popped and finished.
  std::optional<std::chrono::steady_clock::time_point> finished_until() const;
  bool closed() const;
  bool empty() const;
  /// Throws what close() was given.
  void rethrow_failure() const;

 private:
  /// Finished with that many batches, we have all that was committed before.
  struct Mark {
    std::uint64_t batches = 0;
    std::chrono::steady_clock::time_point moment{};
  };
  void pass_marks();

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<WalBatch> batches_;
  std::size_t bound_;
  std::size_t bytes_ = 0;
  bool in_work_ = false;
  std::uint64_t pushed_ = 0;
  std::uint64_t finished_ = 0;
  std::deque<Mark> marks_;
  std::optional<std::chrono::steady_clock::time_point> finished_until_;
  bool closed_ = false;
  std::exception_ptr failure_;
};

}  // namespace pgmirror::capture::sqlite
