#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "change/position.hpp"
#include "change/transaction.hpp"

namespace pgmirror::capture::postgres {

/// A position at which the queue has to stop although no commit of the source may end there: that of a snapshot.
struct PositionMark {
  change::Position position;
  /// What the queue is told there; soon behind, where it has come further already. On the thread of the stream, as
  /// met().
  std::function<void(change::TransactionWriter&)> tell{};
  /// The queue has come there: behind tell(), or before it where that is late.
  std::function<void()> met{};
};

/// The marks of one stream.
///
/// Whoever follows the stream writes a transaction of its own at exactly that position before it writes anything later,
/// as soon as the server says that the stream has come so far; without further commits of the source if need be. Any
/// thread.
class PositionMarks {
 public:
  /// Where nothing is to be told, positions that the queue has passed already need no mark and are dropped.
  void want(PositionMark mark);
  /// The first one wanted at `place` or before, which is wanted no longer.
  std::optional<PositionMark> take(change::Position place);
  bool any() const;
  /// The queue has everything up to here.
  void reached(change::Position position);

  /// While it lives, want() calls `wake` where a mark is wanted: whoever follows may sleep until the server says
  /// something. One at a time; `wake` wants nothing itself and does not block.
  class Watch {
   public:
    Watch(PositionMarks& marks, std::function<void()> wake) : marks_(marks) { marks_.watch(std::move(wake)); }
    ~Watch() { marks_.watch({}); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    PositionMarks& marks_;
  };

 private:
  void watch(std::function<void()> wake);

  mutable std::mutex mutex_;
  std::multimap<change::Position, PositionMark> wanted_;
  change::Position reached_;
  std::function<void()> wake_;
};

}  // namespace pgmirror::capture::postgres
