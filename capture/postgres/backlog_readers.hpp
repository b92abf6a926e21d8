#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "capture/postgres/backlog_receiver.hpp"
#include "capture/postgres/backlog_steps.hpp"
#include "capture/postgres/backlog_turns.hpp"
#include "capture/postgres/slot_copy.hpp"

namespace pgmirror::capture::postgres {

/// Reads a slot's backlog from temporary copies of it, in the order of the log: from one in steps, and where much is
/// left and a second copy could be made, the latter part of it from that one at the same time.
///
/// Both parts together are exactly what one reader would be given: a copy that ends at a place of the log tells the
/// commits whose records begin before it, and a slot that was moved to that place those whose records begin there or
/// later (slotfuncs.c and snapbuild.c of the server: `pg_logical_replication_slot_advance`, `SnapBuildXactNeedsSkip`).
class BacklogReaders {
 public:
  /// `second` may be nothing, or come to nothing.
  BacklogReaders(SlotCopy first, std::unique_ptr<SlotCopying> second, std::vector<std::string> publications,
                 const BacklogPace& pace, std::chrono::milliseconds patience);
  /// Never waits for the server.
  ~BacklogReaders();
  BacklogReaders(const BacklogReaders&) = delete;
  BacklogReaders& operator=(const BacklogReaders&) = delete;

  /// As BacklogReceiver.
  std::optional<StreamChunk> take(const std::stop_token& stop, std::chrono::milliseconds timeout);
  /// The copy that take() gives was taken to its end: what comes next is another one.
  void copy_taken() { turns_.taken(); }
  bool finished() const { return turns_.ended() && first_.finished(); }
  /// When it has finished: everything that ends before `passed` was given.
  const Backlog& last_look() const { return last_look_; }

 private:
  void give_turn(BacklogTurns::Reader reader);

  // In the first one's thread.
  std::optional<std::string> next_of_first(libpq::Connection& connection, std::uint64_t rows);
  std::optional<std::string> next_step(libpq::Connection& connection);
  void pass_what_the_second_reads(libpq::Connection& connection);
  void look(libpq::Connection& connection);
  void split();
  /// False where there is none.
  bool have_second();

  // In the second one's.
  std::optional<std::string> next_of_second(libpq::Connection& connection);

  const std::string slot_;
  const std::vector<std::string> publications_;
  const BacklogPace pace_;
  const std::chrono::milliseconds patience_;
  BacklogTurns turns_;
  BacklogTurns::Reader turn_ = BacklogTurns::Reader::first;  ///< of the taking side

  BacklogSteps steps_;
  Backlog last_look_;
  std::optional<BacklogSplit> split_;  ///< the first one has not come to its middle
  std::unique_ptr<SlotCopying> second_copying_;
  std::string second_slot_;
  std::optional<BacklogReceiver> second_;  ///< the taking side's from its first turn on
  BacklogReceiver first_;
};

}  // namespace pgmirror::capture::postgres
