#pragma once

#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "change/snapshot.hpp"
#include "sinks/postgres/content_comparison.hpp"
#include "sinks/postgres/ownership.hpp"
#include "sinks/postgres/schema_builder.hpp"
#include "sinks/postgres/table_registry.hpp"

namespace pgmirror::sinks::postgres {

/// What a comparison of one mirror with the source has found.
struct VerificationReport {
  change::Position position;  ///< where both sides stood
  std::chrono::system_clock::time_point at;
  std::vector<TableComparison> tables;
  std::uint64_t repaired_rows = 0;
  bool repaired = false;  ///< what differed has been mended

  bool equal() const;
  std::uint64_t differing_rows() const;
};

/// Somebody's wish to have a mirror compared. A promise that breaks means that the session ended before the answer.
struct VerificationOrder {
  bool repair = false;
  std::uint64_t bytes_per_second = 0;  ///< that may be read from the source; zero: as fast as it goes
  std::promise<VerificationReport> answer;
};

/// Compares all tables of `snapshot` with the mirror, which must stand at the snapshot's position meanwhile.
///
/// With `order.repair`, rows that differ are made as the source has them, in one transaction which also proves that the
/// mirror is still ours. Tables that are stopped are reported as not comparable, not mended: `resync` is for them.
/// Nothing when stopped. Throws DatabaseError and what the snapshot throws.
std::optional<VerificationReport> verify(libpq::Connection& connection, change::Snapshot& snapshot,
                                         const SchemaBuilder& schema, const TableRegistry& tables,
                                         const Ownership& ownership, change::Position position,
                                         const VerificationOrder& order, std::stop_token stop);

}  // namespace pgmirror::sinks::postgres
