#pragma once

#include <cstdint>
#include <optional>

#include "change/position.hpp"
#include "change/transaction.hpp"

namespace pgmirror::capture::postgres {

struct BacklogPace {
  /// What is behind by less of the server's log, in bytes, is streamed.
  std::uint64_t near = std::uint64_t{1} << 20U;
  /// How much of the log the first step reads at most, and a quarter of what the second does where nothing ends in
  /// that: a large transaction has begun where nothing ends in both.
  std::uint64_t probe = std::uint64_t{4} << 20U;
  /// How much of what is left a step takes: what comes of it is applied while the next one is decoded, and what comes
  /// of the last one when there is nothing more to decode.
  double part = 2.0 / 3;
  /// Messages of the first step, and of the largest.
  std::uint32_t first = 40'000;
  std::uint32_t most = 2'560'000;
  /// The server reads from where the oldest transaction began, each time, and keeps what comes out in memory or
  /// temporary files until it was sent: no more than what so many bytes of its log hold.
  std::uint64_t most_read = std::uint64_t{1} << 30U;
  /// A step reads again what lies behind the slot's restart, and then the stream does: of a rest that is less than this
  /// part of it, decoding it for the stream, one send() a row, costs less.
  std::uint64_t worth = 8;
  /// A rest that is less than so many times of it is one step.
  std::uint64_t least = 4;
  /// A rest of so many bytes of the log is worth two readers, who take at most so many at a time.
  std::uint64_t worth_two = std::uint64_t{16} << 20U;
  std::uint64_t most_for_two = std::uint64_t{1} << 30U;
  /// The first one's part of it: more than half, since the second one has to pass that.
  double first_share = 0.57;
  /// How much of its log the server keeps while we have it already: telling it has to wait for reading as much again.
  std::uint64_t most_kept = std::uint64_t{1} << 30U;
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
  change::CommitTime looked_at{};  ///< by the server's clock
};

/// A part of a backlog that two read at the same time: one as far as `middle`, the other from there to `end`.
struct BacklogSplit {
  change::Position middle;
  change::Position end;
  bool operator==(const BacklogSplit&) const = default;
};

/// How much of a slot's backlog to ask for at once.
///
/// In few steps: nothing arrives before the server has decoded a step, but the next one reads all of its log again from
/// the slot's restart (a sixth of the work where nothing comes of it), as the stream does when it begins. They are
/// counted in messages and not in bytes of the log, so that what is not mirrored is passed over in one go, and a large
/// transaction is decoded once. A backlog that begins with a large one is one step, but for two
/// short looks.
class BacklogSteps {
 public:
  explicit BacklogSteps(const BacklogPace& pace) : pace_(pace) {}

  /// The next step; nothing where the rest is for the stream.
  std::optional<BacklogStep> next(const Backlog& backlog);
  /// Whether two should read what comes next: not where nothing ends in what came last, since all of a large
  /// transaction is read by whoever comes to its end. Before next().
  std::optional<BacklogSplit> split(const Backlog& backlog) const;
  /// The last step has given so many messages.
  void taken(std::uint64_t messages) { came_ = messages; }

 private:
  std::uint32_t part_of(std::uint64_t left, std::uint64_t read) const;
  std::uint64_t end_of(const Backlog& backlog) const;

  BacklogPace pace_;
  unsigned looks_ = 0;  ///< short ones, at whether anything ends soon
  std::uint64_t came_ = 0;
  change::Position before_;  ///< Backlog::passed when the last step was asked for
};

}  // namespace pgmirror::capture::postgres
