#pragma once

#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <set>
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

/// How a mirror is compared.
struct VerificationManner {
  bool repair = false;
  std::uint64_t bytes_per_second = 0;  ///< that may be read from the source; zero: as fast as it goes
};

/// Somebody's wish to have a mirror compared. A promise that breaks means that the session ended before the answer.
struct VerificationOrder {
  VerificationManner manner;
  bool standing = false;  ///< applying waits meanwhile: to repair, and where comparing beside it was disturbed
  std::promise<VerificationReport> answer;
};

/// A comparison may take longer than a server likes transactions to be.
inline constexpr const char* comparison_settings =
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

/// Names (Relation::qualified_name) of the snapshot's tables that are stopped.
std::set<std::string> stopped_tables(const change::Snapshot& snapshot, const TableRegistry& tables);

/// Compares all tables of `snapshot` with the mirror as the connection's open transaction sees it, which must be at the
/// snapshot's position, and mends what differs where that is asked for. Tables that are stopped are reported as not
/// comparable, not mended: `resync` is for them. Nothing when stopped. Throws DatabaseError and what the snapshot
/// throws.
std::optional<VerificationReport> compare_tables(libpq::Connection& connection, change::Snapshot& snapshot,
                                                 const SchemaBuilder& schema, const std::set<std::string>& stopped,
                                                 const VerificationManner& manner, const std::stop_token& stop);

/// compare_tables() in a transaction of its own which also proves that the mirror is still ours. The mirror must stand
/// at the snapshot's position meanwhile.
std::optional<VerificationReport> verify(libpq::Connection& connection, change::Snapshot& snapshot,
                                         const SchemaBuilder& schema, const TableRegistry& tables,
                                         const Ownership& ownership, const VerificationManner& manner,
                                         const std::stop_token& stop);

}  // namespace pgmirror::sinks::postgres
