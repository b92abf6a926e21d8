#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>

#include "sinks/postgres/copy_block.hpp"

namespace pgmirror::sinks::postgres {

/// A bounded queue of blocks between one thread that fills and one that sends. Sent blocks come back to be filled
/// again, so that a copy allocates nothing once it runs.
class BlockQueue {
 public:
  explicit BlockQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Waits while the queue is full. False: the other side has given up, nothing was taken.
  bool push(CopyBlock&& block);
  /// Waits for a block. None: complete() or give_up() was called and there is nothing left.
  std::optional<CopyBlock> pop();
  /// The filling side is done; what is queued is still to be popped.
  void complete();
  /// Either side ends it: push() and pop() return at once from here on.
  void give_up();
  bool given_up() const;

  /// A cleared block whose memory is warm.
  CopyBlock fresh();
  void recycle(CopyBlock&& block);

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<CopyBlock> blocks_;
  std::deque<CopyBlock> spare_;
  bool complete_ = false;
  bool given_up_ = false;
};

}  // namespace pgmirror::sinks::postgres
