#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "capture/postgres/slot_names.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// A table that no server can make without the extension.
struct ExtensionUse {
  std::string extension;
  std::string schema;
  std::string table;
};

/// What a server and a role are, as far as it decides whether the server can be followed; read once.
struct PreflightFacts {
  std::string version_text;
  int version = 0;  ///< 150004 for 15.4; 0: not PostgreSQL
  bool pooled = false;
  bool in_recovery = false;
  std::string wal_level;
  std::string encoding;
  std::string database;
  std::string role;
  bool superuser = false;
  bool replication = false;
  bool creates_in_database = false;  ///< may make a publication
  std::int64_t max_slots = 0;
  std::int64_t used_slots = 0;
  std::int64_t max_senders = 0;
  std::int64_t used_senders = 0;
  std::int64_t slot_wal_limit_mb = -1;  ///< -1: the server keeps log for a slot until its disk is full
  SlotNames names;
  bool slot_exists = false;
  bool publication_exists = false;
  std::set<std::pair<std::string, std::string>> published{};  ///< tables in either publication, (schema, name)
  std::set<std::string> unusable_schemas{};                   ///< without USAGE for the role
  std::vector<ExtensionUse> extensions{};                     ///< whose types tables have
};

/// Writes nothing, locks nothing. Needs no right but that to connect, and no empty search_path. Throws DatabaseError.
PreflightFacts read_preflight_facts(libpq::Connection& connection, const SlotNames& names);

}  // namespace pgmirror::capture::postgres
