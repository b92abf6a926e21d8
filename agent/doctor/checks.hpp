#pragma once

#include <set>
#include <string>

#include "agent/doctor/finding.hpp"
#include "capture/sqlite/store_description.hpp"
#include "config/config.hpp"
#include "sinks/postgres/server_facts.hpp"

namespace pgmirror::agent::doctor {

/// The SQLite file and its directory. Opens nothing.
Findings check_source_place(const config::SqliteSource& source);
/// What was found in the file.
Findings check_store(const config::SqliteSource& source, const capture::sqlite::StoreDescription& store);

/// What a PostgreSQL source asks of its mirrors.
struct PostgresSourceReport {
  Findings findings;
  std::set<std::string> extensions;  ///< whose types mirrored tables have
};
/// A PostgreSQL source: the server, the role and every table. Writes nothing, locks nothing.
PostgresSourceReport check_postgres_source(const config::Config& config);

/// Permissions and room. `source_bytes` is what the shadow will take.
Findings check_state_directory(const config::Config& config, std::uint64_t source_bytes);

/// A server that answered, which needs `extensions`.
Findings check_mirror(const config::Mirror& mirror, const sinks::postgres::ServerFacts& facts,
                      const std::set<std::string>& extensions);
/// One that did not.
Finding unreachable(const config::Mirror& mirror, const std::string& reason);

/// The tables, and what the rules do to them; offline, so that check-config can ask too.
Findings check_tables(const config::Config& config, const capture::sqlite::StoreDescription& store);

}  // namespace pgmirror::agent::doctor
