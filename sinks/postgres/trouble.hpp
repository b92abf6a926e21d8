#pragma once

#include <cstdint>
#include <optional>

#include "change/position.hpp"
#include "libpq/database_error.hpp"
#include "sinks/postgres/batch_pipeline.hpp"
#include "sinks/postgres/refusing_object.hpp"

namespace pgmirror::sinks::postgres {

/// What a mirror has refused, carried from one session to the next: how carefully to go on, up to where.
///
/// A refused batch is sent again with everything touched deleted first; if that is refused too, in ever smaller batches
/// until one transaction stands alone; that one is tried some times more before the rule decides about its rows.
struct Trouble {
  static constexpr unsigned most_attempts = 10;

  change::Position end;                    ///< normal again behind it
  std::uint64_t transactions = 0;          ///< most that a batch may hold
  bool retried = false;                    ///< the whole batch was sent a second time already
  unsigned attempts = 0;                   ///< at the transaction that stands alone
  std::optional<RefusingObject> object{};  ///< refused rows last: if it is ours it goes before the next attempt
  /// Refused a row last. That of a PostgreSQL source may be another one by now: its table is copied again.
  std::optional<libpq::ConstraintName> constraint{};
  bool type = false;               ///< a type refused a value last
  change::Position in_turn_until;  ///< no batch is applied beside another before it: two have become entangled there

  /// What was refused has been seen to.
  void over() { *this = {.in_turn_until = in_turn_until}; }
  bool active_at(change::Position position) const { return position < end; }
  bool stands_alone() const { return transactions == 1 && retried; }
  void refused(const BatchRefused& refusal);
  /// Outside of a batch.
  void refused(const libpq::DatabaseError& error);
};

}  // namespace pgmirror::sinks::postgres
