#pragma once

#include <chrono>
#include <memory>
#include <stdexcept>
#include <stop_token>

#include "queue/cursor_item.hpp"

namespace pgmirror::queue {

class SegmentCatalog;
struct GrowingTransaction;

/// The writer has taken back the transaction that was being read; it may come again.
class TransactionAbandoned : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads a transaction while it is being written, before its commit is known: for those who can take back what they
/// have made of it.
///
/// The changes may never be committed and are lost in a crash. The commit is given out only when it is durable, so that
/// whoever acts for good only then is never ahead of the queue. Belongs to one thread. May outlive the queue object.
class OpenTransaction {
 public:
  /// Behind the begin. Throws what next() does.
  OpenTransaction(std::shared_ptr<const SegmentCatalog> catalog, const GrowingTransaction& growing);
  ~OpenTransaction();
  OpenTransaction(OpenTransaction&&) noexcept;
  OpenTransaction& operator=(OpenTransaction&&) noexcept;

  /// The next change, in the end the commit; null when no more is written yet, or the commit is not durable yet. The
  /// item lives until the next call, its tuples as long as current_block(). Throws TransactionAbandoned, and what
  /// Cursor::next() throws.
  const Item* next();

  /// Blocks until next() may have something, at most `timeout`; false if it has not.
  bool wait(std::stop_token stop, std::chrono::milliseconds timeout) const;

  /// As Cursor::current_block().
  std::shared_ptr<const void> current_block() const;

 private:
  class Reading;
  std::unique_ptr<Reading> reading_;
};

}  // namespace pgmirror::queue
