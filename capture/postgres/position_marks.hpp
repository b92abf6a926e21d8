#pragma once

#include <mutex>
#include <optional>
#include <set>

#include "change/position.hpp"

namespace pgmirror::capture::postgres {

/// Positions at which the queue has to stop although no commit of the source may end there: those of snapshots.
///
/// Whoever follows the stream writes an empty transaction at exactly that position before it writes anything later, as
/// soon as the server says that the stream has come so far; without further commits of the source if need be. Any
/// thread.
class PositionMarks {
 public:
  /// Positions that the queue has passed already need no mark and are dropped.
  void want(change::Position position);
  /// The first one wanted.
  std::optional<change::Position> next() const;
  /// The queue has everything up to here.
  void reached(change::Position position);

 private:
  mutable std::mutex mutex_;
  std::set<change::Position> wanted_;
  change::Position reached_;
};

}  // namespace pgmirror::capture::postgres
