#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "sinks/postgres/apply_lane.hpp"
#include "sinks/postgres/batch_footprint.hpp"
#include "sinks/postgres/net_batch.hpp"
#include "sinks/postgres/ownership.hpp"
#include "sinks/postgres/row_copy.hpp"
#include "sinks/postgres/row_statements.hpp"

namespace pgmirror::sinks::postgres {

/// What one committed target transaction has done.
struct Applied {
  change::Commit last;
  std::uint64_t transactions = 0;
  std::uint64_t changes = 0;
  std::uint64_t drifted_rows = 0;  ///< rows that were not there, or were there and should not have been
  std::chrono::steady_clock::duration elapsed{};
};

/// The server refused a batch: nothing of it, nor of those sent behind it, is in the mirror. The connection is spent.
class BatchRefused : public std::runtime_error {
 public:
  BatchRefused(libpq::DatabaseError refusal, change::Position end_of_batch, std::uint64_t in_batch)
      : std::runtime_error(refusal.what()), error(std::move(refusal)), end(end_of_batch), transactions(in_batch) {}
  libpq::DatabaseError error;
  change::Position end;  ///< last position of the refused batch
  std::uint64_t transactions;
};

/// The batch that is to commit next has waited long while another, applied beside it, waits for its commit. It may wait
/// for what that one holds: for a trigger or an index that people have made since we looked. The connections are spent.
class BatchesEntangled : public std::runtime_error {
 public:
  explicit BatchesEntangled(change::Position end_of_batches);
  change::Position end;  ///< of the last batch sent
};

/// Whether a batch may be applied while the one before it is.
enum class BatchOrder : std::uint8_t { behind, beside };

/// Sends batches to the mirror, several in flight, committing in order.
///
/// Each batch is one transaction of the mirror: BEGIN, the rows' statements, the checkpoint's compare-and-swap, COMMIT.
/// Of a brief one the statements are kept by the server, as far as the session allows (ApplyLane).
/// Behind each other on one connection all of that is one unit of a pipeline, and a failing batch makes the checkpoint
/// step of every batch behind it fail, so no batch is ever skipped.
///
/// Many new rows of a table whose rows stand alone go by COPY, where the line is short: for the server that is half the
/// work of an INSERT. The connection has to be done with everything before for that, so that they go first in their
/// batch, and the next batch is put together meanwhile.
///
/// With a second connection two batches are applied at once. Those rows of the later one that the batches on the other
/// connection do not touch, in tables whose rows stand alone, go at once; the others, the checkpoint and COMMIT only
/// when everything before has committed. So neither waits for a lock that the other holds until a commit which waits
/// for it, and whoever reads the mirror sees the source's order.
///
/// One thread; the connections are in use while this object exists, and have to be given back or thrown away behind it.
class BatchPipeline {
 public:
  /// `position`: of the checkpoint in the mirror, owned.
  BatchPipeline(libpq::Connection& connection, const Ownership& ownership, change::Position position);

  /// For batches that may be applied beside others; once.
  void use_also(libpq::Connection& second);
  bool has_second() const { return lanes_.size() > 1; }
  /// Whether send() may be called.
  bool takes(BatchOrder order) const;
  /// Does not block; what cannot go yet goes in receive(). `may_have_odd` tells of a table whether pgmirror.odd_values
  /// may name it. Throws NullNotAllowed (nothing is sent then) and DatabaseError.
  void send(NetBatch& batch, ApplyMode mode, BatchOrder order,
            const std::function<bool(const MirrorTable&)>& may_have_odd);

  /// The next batch that has committed, if one does within `timeout`. Throws BatchRefused, BatchesEntangled,
  /// DatabaseError.
  std::optional<Applied> receive(std::chrono::milliseconds timeout);

  std::size_t in_flight() const { return batches_.size(); }
  std::size_t bytes_in_flight() const { return bytes_in_flight_; }
  /// Leaves the connections as they were found: the end of this object's use. Only while nothing is in flight. Throws
  /// DatabaseError.
  void give_back();
  /// Behind the last batch sent.
  change::Position sent_position() const { return sent_position_; }
  /// The tables for which the last send() wrote odd values.
  const std::vector<MirrorTablePtr>& sent_odd_values() const { return sent_odd_values_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct InFlight {
    Applied outcome;
    ApplyLane* lane = nullptr;
    ApplyLane::Planning planning = ApplyLane::Planning::of_each;
    bool begun = false;
    // What is still to be sent, in this order.
    std::deque<RowCopy> copies{};      ///< one after another, each when nothing is outstanding on the lane
    std::vector<Statement> at_once{};  ///< behind what was sent on the lane before
    std::vector<Statement> in_turn{};  ///< when all before has committed, or is sent on the same lane

    std::deque<RowExpectation> expected{};      ///< the answers still to come
    std::optional<BatchFootprint> footprint{};  ///< none: it may touch anything
    std::size_t bytes = 0;
    std::optional<libpq::DatabaseError> error{};
    Clock::time_point sent = Clock::now();

    bool is_sent() const { return in_turn.empty(); }
  };
  /// The rows of a batch on their way to the server.
  struct Rows {
    std::deque<RowCopy> copies{};
    std::vector<Statement> at_once{};
    std::vector<Statement> in_turn{};
    std::size_t rows_at_once = 0;
    std::size_t rows_in_turn = 0;
  };

  ApplyLane& other_than(const ApplyLane& lane) const;
  bool is_free(const ApplyLane& lane) const;
  bool may_be_touched(std::uint64_t key_hash, const ApplyLane& own) const;
  Rows render_rows(NetBatch& batch, ApplyMode mode, const ApplyLane* beside,
                   const std::function<bool(const MirrorTable&)>& may_have_odd, OddValues& odd);
  void render_table(const TableEffects& effects, ApplyMode mode, bool had_odd, OddValues& odd,
                    std::vector<Statement>& statements, std::deque<RowCopy>* copies) const;
  void advance(InFlight& batch);
  static std::vector<std::string> begin(InFlight& batch);
  static void send_statements(InFlight& batch, std::vector<Statement>& statements);
  std::optional<Applied> take_answers();
  Applied take_front();
  bool wait(std::chrono::milliseconds timeout);
  void match(InFlight& batch, const libpq::Result& result);

  const Ownership& ownership_;
  const std::size_t least_copied_;  ///< fewer new rows of a table go by a statement
  std::vector<std::unique_ptr<ApplyLane>> lanes_;
  std::deque<InFlight> batches_;
  Clock::time_point first_since_{};  ///< when the batch that is to commit next became that
  std::size_t bytes_in_flight_ = 0;
  change::Position sent_position_;
  std::vector<MirrorTablePtr> sent_odd_values_;
};

}  // namespace pgmirror::sinks::postgres
