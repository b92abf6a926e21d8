#pragma once

#include <cstdint>
#include <stop_token>

#include "change/snapshot.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/copy_progress.hpp"
#include "sinks/postgres/mirror_table.hpp"

namespace pgmirror::sinks::postgres {

/// What copying one table came to.
struct TableCopyOutcome {
  std::uint64_t rows = 0;
  std::uint64_t odd_values = 0;
  bool complete = false;  ///< false: stopped on request, the caller rolls back
};

/// Reads `table` from the snapshot on this thread and sends it on another, inside the caller's transaction. Throws what
/// either side throws.
TableCopyOutcome copy_table(libpq::Connection& connection, change::Snapshot& snapshot, const MirrorTable& table,
                            CopyProgress& progress, const std::stop_token& stop);

}  // namespace pgmirror::sinks::postgres
