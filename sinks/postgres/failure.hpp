#pragma once

#include <cstdint>
#include <string>

#include "libpq/database_error.hpp"

namespace pgmirror::sinks::postgres {

enum class FailureKind : std::uint8_t {
  transient,  ///< retry for ever with backoff
  poison,     ///< the server refuses this row or this statement; retrying the same will not help
  identity,   ///< the mirror is not the one we knew, or another agent owns it
  fatal,      ///< a person has to do something first (privileges, missing database, out-of-date server)
};

/// What to do about an error, and the sentence for the operator.
struct Failure {
  FailureKind kind = FailureKind::fatal;
  /// Retrying soon is harmful (a wrong password may lock the account): wait the longest backoff at once.
  bool slow = false;
  /// Lower case, no full stop: what happened and what to do; ends with the server's own message.
  std::string sentence;
  /// Gone as soon as it is tried again (another transaction was in the way): a long delay helps nobody.
  bool conflict = false;
};

/// Whether it is a type that refuses a value: an enum without the label, a domain by its CHECK. That of a PostgreSQL
/// source may be another one by now.
bool refused_by_type(const libpq::DatabaseError& error);

/// The only place that decides. `connection_lost` errors are transient: whoever had sent a COMMIT reads the checkpoint
/// under its row lock before trying again.
Failure classify(const libpq::DatabaseError& error);

}  // namespace pgmirror::sinks::postgres
