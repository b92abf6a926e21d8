#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capture/sqlite/scratch_database.hpp"
#include "change/relation.hpp"

namespace pgmirror::capture::sqlite {

/// Indexes of a table by name, without the one that makes the primary key. Index::columns holds column names as
/// declared; it is empty where one of them is an expression.
std::vector<change::Index> read_indexes(ScratchDatabase& scratch, const std::string& table);

/// Foreign keys in the order of their definition, names spelled as the tables spell them. One whose parent key cannot
/// be told (no such table, no primary key of that length) is left out: SQLite itself cannot enforce it.
std::vector<change::ForeignKey> read_foreign_keys(ScratchDatabase& scratch, const std::string& table);

/// The predicate in a CREATE INDEX statement, empty when it has none.
std::string index_predicate(std::string_view create_index);

}  // namespace pgmirror::capture::sqlite
