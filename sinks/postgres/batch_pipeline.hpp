#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <stdexcept>
#include <vector>

#include "libpq/pipeline.hpp"
#include "sinks/postgres/net_batch.hpp"
#include "sinks/postgres/ownership.hpp"
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

/// Sends batches to the mirror, several in flight, committing in order.
///
/// Each batch is one transaction of the mirror, and one unit of a pipeline on one connection: BEGIN, the rows'
/// statements, the checkpoint's compare-and-swap, COMMIT. A failing batch makes the checkpoint step of every batch
/// behind it fail, so no batch is ever skipped. One thread; the connection is in use while this object exists.
class BatchPipeline {
 public:
  /// `position`: of the checkpoint in the mirror, owned.
  BatchPipeline(libpq::Connection& connection, const Ownership& ownership, change::Position position);

  /// Does not block. `may_have_odd` tells of a table whether pgmirror.odd_values may name it. Throws NullNotAllowed
  /// (nothing is sent then) and DatabaseError.
  void send(NetBatch& batch, ApplyMode mode, const std::function<bool(const MirrorTable&)>& may_have_odd);

  /// The next batch that has committed, if one does within `timeout`. Throws BatchRefused, DatabaseError.
  std::optional<Applied> receive(std::chrono::milliseconds timeout);

  std::size_t in_flight() const { return batches_.size(); }
  std::size_t bytes_in_flight() const { return bytes_in_flight_; }
  /// Behind the last batch sent.
  change::Position sent_position() const { return sent_position_; }
  /// The tables for which the last send() wrote odd values.
  const std::vector<MirrorTablePtr>& sent_odd_values() const { return sent_odd_values_; }

 private:
  struct InFlight {
    Applied outcome;
    std::deque<RowExpectation> expected;  ///< the answers still to come
    std::size_t bytes = 0;
    std::optional<libpq::DatabaseError> error{};
    std::chrono::steady_clock::time_point sent;
  };

  void match(InFlight& batch, const libpq::Result& result);

  libpq::Connection& connection_;
  const Ownership& ownership_;
  libpq::Pipeline pipeline_;
  std::deque<InFlight> batches_;
  std::size_t bytes_in_flight_ = 0;
  change::Position sent_position_;
  std::vector<MirrorTablePtr> sent_odd_values_;
};

}  // namespace pgmirror::sinks::postgres
