#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "change/relation.hpp"
#include "config/table_rules.hpp"

namespace pgmirror::capture::sqlite {

/// What a SQLite file holds and how its application keeps it, for people.
struct StoreDescription {
  std::string journal_mode;  ///< `wal`, `delete`, ...
  std::uint64_t page_size = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t wal_bytes = 0;
  std::vector<change::RelationPtr> mirrored;  ///< by the rules
  std::vector<change::RelationPtr> all;       ///< the application's tables, as without any rule
  /// Why the tables by the rules cannot be followed, naming the first such table; `mirrored` is empty then.
  std::string unreadable;
  std::vector<std::string> uncomputable;  ///< `table.column`: computed by a function of the application's own
  std::vector<std::string> virtual_tables;
};

/// Reads the schema in one short read transaction, beside the application and a running agent; writes no row and takes
/// no checkpoint. Throws SourceRefused, SqliteError.
StoreDescription describe_store(const std::filesystem::path& file, const config::TableRules& rules);

}  // namespace pgmirror::capture::sqlite
