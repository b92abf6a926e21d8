#pragma once

#include <cstdint>
#include <optional>

#include "change/position.hpp"

namespace pgmirror::capture::postgres {

/// In bytes of the server's log.
struct BacklogPace {
  std::uint64_t near = std::uint64_t{1} << 20U;  ///< what is behind by less is streamed
  std::uint64_t first = std::uint64_t{32} << 20U;
  std::uint64_t largest = std::uint64_t{256} << 20U;
  /// The server reads from where the oldest transaction began, each time, and keeps what comes out in memory or
  /// temporary files until it was sent: no more than what so much log holds.
  std::uint64_t most_read = std::uint64_t{1} << 30U;
};

/// How far to ask for a slot's backlog at once.
///
/// In growing steps: nothing arrives before the server has decoded a step, and the next one reads all of its log again
/// from the slot's restart. After a step without a commit the next is as large as may be: it lies inside a large
/// transaction, or among what is not mirrored.
class BacklogSteps {
 public:
  explicit BacklogSteps(const BacklogPace& pace) : pace_(pace), step_(pace.first) {}

  /// Where the next step ends; nothing where the rest is for the stream. `restart`: of the slot.
  std::optional<change::Position> next(change::Position written, change::Position restart, change::Position log_end);

 private:
  const BacklogPace pace_;
  std::uint64_t step_;
  change::Position reached_;
  change::Position before_;  ///< what was written when the last step was asked for
};

}  // namespace pgmirror::capture::postgres
