#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>

#include "change/snapshot.hpp"
#include "config/config.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/concurrent_verification.hpp"
#include "sinks/postgres/mirror_status.hpp"
#include "sinks/postgres/worker_orders.hpp"

namespace pgmirror::sinks::postgres {

/// The comparisons of one session with its mirror: each runs beside applying where a second connection can be had, and
/// while applying waits otherwise. Answers whoever has ordered one, and notes in the status what it proves.
///
/// Belongs to the session's thread.
class Comparisons {
 public:
  /// All outlive the object.
  Comparisons(libpq::Connection& connection, const config::Mirror& mirror, const Ownership& ownership,
              const SchemaBuilder& schema, const TableRegistry& tables, StatusBoard& board, WorkerOrders& orders)
      : connection_(connection),
        mirror_(mirror),
        ownership_(ownership),
        schema_(schema),
        tables_(tables),
        board_(board),
        orders_(orders) {}

  /// The mirror stands at the snapshot's position, and nothing is on its way to it. Blocks for as long as a comparison
  /// takes that cannot run beside applying. Throws DatabaseError, IdentityError and what the snapshot throws.
  void begin(std::unique_ptr<change::Snapshot> snapshot, VerificationOrder order, const std::stop_token& stop);
  bool running() const { return running_.has_value(); }
  /// Answers when the one that runs has come to its end. Throws what it has thrown.
  void look();
  /// Before tables are altered or emptied, and before applying takes long: ends the one that runs, to be made up for
  /// while applying waits.
  void give_way();

 private:
  std::optional<libpq::Connection> second_connection() const;
  void answer(VerificationOrder& order, VerificationReport report);

  libpq::Connection& connection_;
  const config::Mirror& mirror_;
  const Ownership& ownership_;
  const SchemaBuilder& schema_;
  const TableRegistry& tables_;
  StatusBoard& board_;
  WorkerOrders& orders_;

  std::optional<ConcurrentVerification> running_;
  VerificationOrder order_;  ///< while running_
  std::uint64_t drifted_before_ = 0;
};

}  // namespace pgmirror::sinks::postgres
