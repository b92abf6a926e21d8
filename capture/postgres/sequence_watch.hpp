#pragma once

#include <map>
#include <utility>
#include <vector>

#include "capture/postgres/relation_catalog.hpp"
#include "change/schema_statement.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// A sequence as the source has it.
struct SequenceState {
  std::string schema;
  std::string name;
  std::int64_t increment = 1;
  std::int64_t minimum = 1;
  std::int64_t maximum = 0;
  std::int64_t cache = 1;
  std::optional<std::int64_t> last_value;  ///< none: never used, or not readable
  bool operator==(const SequenceState&) const = default;
};

/// Sequences that mirrored tables own or use. Sequences are not transactional: the values are those of the moment.
std::vector<SequenceState> read_sequences(libpq::Connection& connection, const RelationCatalog& catalog);

/// A value that the source reaches only after this many further steps, within the sequence's bounds. Pure.
change::SequenceValue ahead_of(const SequenceState& state, std::int64_t steps);

/// Tells how far sequences are used, ahead of them, so that a mirror which lost its source gives no number twice. One
/// thread.
class SequenceWatch {
 public:
  /// What needs to be told now: of each sequence its first value, and a new one when half of the margin is used up.
  std::vector<change::SequenceValue> poll(libpq::Connection& connection, const RelationCatalog& catalog);

 private:
  std::map<std::pair<std::string, std::string>, std::int64_t> told_;
};

}  // namespace pgmirror::capture::postgres
