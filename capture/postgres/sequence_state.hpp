#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/postgres/brief_locks.hpp"
#include "capture/postgres/relation_catalog.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// A sequence as the source has it.
struct SequenceState {
  ObjectId oid = 0;
  std::string schema;
  std::string name;
  std::string type_name;
  std::int64_t start = 1;
  std::int64_t increment = 1;
  std::int64_t minimum = 1;
  std::int64_t maximum = 0;
  std::int64_t cache = 1;
  bool cycles = false;
  std::optional<std::int64_t> last_value;  ///< none: not asked for, never used, or not readable
  ObjectId owner = 0;                      ///< the mirrored table that owns it, with the column below; 0: none
  int owner_column = 0;
  std::string owner_name{};  ///< of that table, and of the column
  std::string owner_column_name{};
  bool identity = false;  ///< belongs to an IDENTITY column and comes and goes with it
  bool operator==(const SequenceState&) const = default;
};

/// Sequences that mirrored columns own or use, and those of nobody that the rules want (they ask by the sequence's name
/// as by a table's); without last values. `connection` must have an empty search_path. Throws DatabaseError.
std::vector<SequenceState> read_sequences(libpq::Connection& connection, const RelationCatalog& catalog);

/// Fills in how far they are used at this moment: sequences are not transactional. The server holds a lock on each
/// until the end of the transaction, so that this does not belong into a long one; `patience` with locks of the
/// application, see read_with_brief_locks. Throws DatabaseError.
void read_last_values(libpq::Connection& connection, std::vector<SequenceState>& sequences,
                      std::chrono::milliseconds patience = as_long_as_it_takes);

}  // namespace pgmirror::capture::postgres
