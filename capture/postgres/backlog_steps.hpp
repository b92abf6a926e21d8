#pragma once

#include <cstdint>
#include <optional>

#include "change/position.hpp"

namespace pgmirror::capture::postgres {

struct BacklogPace {
  /// What is behind by less of the server's log, in bytes, is streamed.
  std::uint64_t near = std::uint64_t{1} << 20U;
  /// Messages of the first step, and of the largest.
  std::uint32_t first = 40'000;
  std::uint32_t most = 2'560'000;
  /// The server reads from where the oldest transaction began, each time, and keeps what comes out in memory or
  /// temporary files until it was sent: no more than what so many bytes of its log hold.
  std::uint64_t most_read = std::uint64_t{1} << 30U;
  /// How much of its log the server keeps while we have it already: telling it has to wait for reading as much again.
  std::uint64_t most_kept = std::uint64_t{1} << 30U;
  /// A backlog whose transactions have more of the log than this, each, is read in one step.
  std::uint64_t large = std::uint64_t{64} << 10U;
};

/// What to ask for at once: transactions that end up to `up_to`, and none behind the one in which `messages` are
/// reached; zero: all.
struct BacklogStep {
  change::Position up_to;
  std::uint32_t messages = 0;
  bool operator==(const BacklogStep&) const = default;
};

/// What lies before a slot.
struct Backlog {
  change::Position passed;   ///< everything up to here was asked for
  change::Position restart;  ///< where the server begins to read its log for the slot
  change::Position log_end;
  std::uint64_t transactions = 0;  ///< there are hardly more in it
};

/// How much of a slot's backlog to ask for at once.
///
/// In growing steps: nothing arrives before the server has decoded a step, and the next one reads all of its log again
/// from the slot's restart, as the stream does when it begins. They are counted in messages and not in bytes of the
/// log, so that what is not mirrored is passed over in one go, and a large transaction is decoded once. A few large
/// transactions are one step.
class BacklogSteps {
 public:
  explicit BacklogSteps(const BacklogPace& pace) : pace_(pace), messages_(pace.first) {}

  /// The next step; nothing where the rest is for the stream.
  std::optional<BacklogStep> next(const Backlog& backlog);
  /// The last step has given so many messages.
  void taken(std::uint64_t messages) { came_ = messages; }

 private:
  const BacklogPace pace_;
  std::uint32_t messages_;
  change::Position before_;  ///< Backlog::passed when the last step was asked for
  std::uint64_t came_ = 0;
};

}  // namespace pgmirror::capture::postgres
