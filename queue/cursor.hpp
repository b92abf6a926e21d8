#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>

#include "change/transaction.hpp"
#include "queue/cursor_item.hpp"
#include "queue/position_unavailable.hpp"

namespace pgmirror::queue {

class SegmentCatalog;

/// A place in the queue, moving forward over committed, durable transactions.
///
/// Belongs to one thread; many may exist, also while the queue is written. Holds one block at a time, so a transaction
/// of any size is read in little memory. May outlive the queue object.
class Cursor {
 public:
  /// Throws PositionUnavailable if transactions after `after` were deleted, or `after` lies beyond the durable end.
  Cursor(std::shared_ptr<const SegmentCatalog> catalog, change::Position after);
  ~Cursor();
  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;

  /// The next item, or null at the durable end. A transaction is Begin, its changes in order, Commit; it is given out
  /// only when its commit is durable, so null never comes inside a transaction.
  ///
  /// The item lives until the next call, its tuples as long as current_block(). The same definition of a table is the
  /// same Relation object for this cursor's life. Throws Damage (damage.hpp), PositionUnavailable if the rest was
  /// deleted meanwhile, std::system_error.
  const Item* next();

  /// Blocks until next() has something, at most `timeout`; false if it has not.
  bool wait(std::stop_token stop, std::chrono::milliseconds timeout);

  /// Owns the bytes and cells of the tuples that next() gave out from the current block. Keep it to keep them.
  std::shared_ptr<const void> current_block() const;

  /// Position of the last commit that next() returned, or where the cursor was put.
  change::Position position() const;

  /// When the commit was made behind which the cursor was put last; nothing where no commit stands at exactly that
  /// position. Two histories that count to the same position differ in it.
  std::optional<change::CommitTime> start_time() const;

  /// Goes to the first transaction after `after`, as the constructor does.
  void seek(change::Position after);

 private:
  class Reading;
  std::unique_ptr<Reading> reading_;
};

}  // namespace pgmirror::queue
