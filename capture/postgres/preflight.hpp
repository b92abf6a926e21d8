#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/postgres/relation_catalog.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

struct PreflightFinding {
  enum class Severity : std::uint8_t { ok, warning, error };
  Severity severity = Severity::ok;
  std::string code;     ///< stable, for programs: `wal_level`, `no_identity`
  std::string subject;  ///< `server`, `role`, `table shop.orders`
  std::string what;     ///< as it is and what comes of it
  std::string sql{};    ///< what mends it; empty where SQL cannot
  bool operator==(const PreflightFinding&) const = default;
};

/// What the server and the role are, read once.
struct SourceFacts {
  std::string version_text;
  int version = 0;  ///< 150004 for 15.4
  bool is_postgres = true;
  bool in_recovery = false;
  std::string wal_level;
  std::string encoding;
  std::string database;
  std::string role;
  bool superuser = false;
  bool replication = false;
  bool bypasses_row_security = false;
  bool creates_in_database = false;  ///< CREATE on the database: may make a publication
  std::int64_t max_slots = 0;
  std::int64_t used_slots = 0;
  std::int64_t max_senders = 0;
  std::int64_t used_senders = 0;
  std::int64_t max_slot_wal_keep_mb = -1;  ///< -1: no limit
  bool slot_exists = false;
  bool publication_exists = false;
  std::vector<std::string> unreadable_schemas{};  ///< with mirrored tables, without USAGE
};

/// `slot` and `publication` are the names that will be used. Writes nothing, locks nothing. Throws DatabaseError.
SourceFacts read_source_facts(libpq::Connection& connection, const std::string& slot, const std::string& publication);

/// Everything that stands in the way or is worth knowing, errors first. Pure. `publications` are the names of the one
/// for all changes and of the one for inserts.
std::vector<PreflightFinding> preflight(const SourceFacts& facts, const CatalogPicture& picture,
                                        const config::TableRules& rules, const std::string& publication);

}  // namespace pgmirror::capture::postgres
