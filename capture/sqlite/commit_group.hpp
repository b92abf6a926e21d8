#pragma once

#include <chrono>
#include <mutex>
#include <span>

#include "capture/sqlite/shadow_store.hpp"
#include "capture/sqlite/transaction_decoder.hpp"
#include "capture/sqlite/turn.hpp"
#include "change/transaction.hpp"

namespace pgmirror::capture::sqlite {

/// Transactions that become durable together: decoded, kept in the shadow, synced once.
///
/// Holds the turn from the first transaction until settle(), so that a snapshot never sees what is not durable. When an
/// exception leaves add() or settle() the group must be dropped and nothing else be done with the writer.
class CommitGroup {
 public:
  CommitGroup(ShadowStore& shadow, TransactionDecoder& decoder, Turn& turn, change::TransactionWriter& writer)
      : shadow_(shadow), decoder_(decoder), turn_(turn), writer_(writer) {}
  ~CommitGroup();
  CommitGroup(const CommitGroup&) = delete;
  CommitGroup& operator=(const CommitGroup&) = delete;

  /// The pages `changed` became what `after` has. Returns the number of changes that were written; with none the
  /// transaction has no position. After DamagedPage the writer has forgotten the transaction and the shadow is
  /// unchanged.
  std::uint64_t add(const PageImage& after, std::span<const PageNumber> changed);
  /// True when what was added should be made durable before more is.
  bool is_full() const;
  /// True from add() to settle().
  bool is_open() const { return holds_turn_; }
  /// How long an open group that is not full may wait for more.
  std::chrono::microseconds time_left() const;
  /// Makes everything added durable. Leaves it for later when nobody but the shadow waits for it, unless `all`.
  enum class Extent : bool { visible, all };
  void settle(Extent extent);

 private:
  void release();

  ShadowStore& shadow_;
  TransactionDecoder& decoder_;
  Turn& turn_;
  change::TransactionWriter& writer_;
  bool holds_turn_ = false;
  bool visible_ = false;
  std::size_t bytes_ = 0;
  std::size_t transactions_ = 0;
  std::chrono::steady_clock::time_point began_{};
  std::chrono::steady_clock::time_point settled_{};
};

}  // namespace pgmirror::capture::sqlite
