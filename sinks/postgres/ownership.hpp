#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "change/transaction.hpp"
#include "libpq/parameters.hpp"
#include "sinks/postgres/pinned_settings.hpp"

namespace pgmirror::sinks::postgres {

/// What makes a session the one that may apply to a mirror, and how its transactions begin and end.
struct Ownership {
  std::string mirror;
  std::int64_t epoch = 0;
  /// The role may SET session_replication_role: foreign keys and triggers of the mirror do not fire while we apply.
  bool replica_role = false;
  std::chrono::nanoseconds round_trip{};  ///< of one statement, at least: as it was when the session began

  /// Statements after BEGIN, where nothing was set for the session before. Commits need not be flushed by the mirror:
  /// should it lose the last ones in a crash, their checkpoint goes with them, and the queue still holds what the
  /// mirror has not flushed (FlushWatch).
  std::vector<std::string> settings(SettingScope scope) const;
  /// Of control_schema.hpp's advance_checkpoint_sql.
  libpq::Parameters checkpoint_step(change::Position expected, const change::Commit& next) const;
};

}  // namespace pgmirror::sinks::postgres
