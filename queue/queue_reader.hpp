#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>

#include "queue/cursor.hpp"
#include "queue/open_transaction.hpp"
#include "queue/usage.hpp"

namespace pgmirror::queue {

class SegmentCatalog;

/// The reading side of a queue: all that a mirror may see of it.
///
/// Cheap to copy, safe to use from any thread. May outlive the queue object; nothing more becomes durable then.
class QueueReader {
 public:
  explicit QueueReader(std::shared_ptr<const SegmentCatalog> catalog) : catalog_(std::move(catalog)) {}

  /// The last durable commit, or where the queue began.
  change::Position end() const;
  /// Every commit after this one is still held.
  change::Position begin_position() const;
  /// Blocks until `position` is durable here, at most `timeout`. False if it is not.
  bool wait_durable(change::Position position, std::stop_token stop, std::chrono::milliseconds timeout) const;
  /// An estimate without reading any file: exact in the newest segment up to a block, interpolated elsewhere.
  Backlog backlog(change::Position after) const;
  /// A reader at the first transaction after `after`. Throws PositionUnavailable.
  Cursor open_cursor(change::Position after) const;
  /// The transaction that is being written behind `after`, the last durable commit, once at least so many bytes of it
  /// are there. Throws what Cursor::next() does.
  std::optional<OpenTransaction> open_transaction(change::Position after, std::uint64_t least_bytes) const;
  /// Blocks until there is one, or a durable commit behind `after`, at most `timeout`. False if there is not.
  bool wait_for_more(change::Position after, std::uint64_t least_bytes, std::stop_token stop,
                     std::chrono::milliseconds timeout) const;

 private:
  std::shared_ptr<const SegmentCatalog> catalog_;
};

}  // namespace pgmirror::queue
