#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "capture/postgres/sequence_state.hpp"
#include "change/schema_statement.hpp"
#include "change/transaction.hpp"

namespace pgmirror::capture::postgres {

/// So many steps a mirror's sequence is kept ahead of the source's.
inline constexpr std::int64_t sequence_margin = 1000;

/// A value that the source reaches only after this many further steps, within the sequence's bounds. Pure.
change::SequenceValue ahead_of(const SequenceState& state, std::int64_t steps);

struct SequenceNews {
  /// Of sequences that somebody has set back (RESTART IDENTITY, setval, the next round of a cycle): sets the mirror's
  /// back too.
  std::vector<change::SchemaStatement> restarts;
  std::vector<change::SequenceValue> values;  ///< of all others

  bool empty() const { return restarts.empty() && values.empty(); }
  void add(SequenceNews more);
  void write(change::TransactionWriter& writer) const;
};

/// Tells how far sequences are used, ahead of them, so that a mirror which lost its source gives no number twice. One
/// thread.
class SequenceWatch {
 public:
  /// What needs to be told now: of each sequence its first value, and a new one when half of the margin is used up. The
  /// margin of a busy sequence grows to ten times what was used since the last call. A sequence that was set back while
  /// nobody watched stays ahead.
  SequenceNews poll(libpq::Connection& connection, const RelationCatalog& catalog);

 private:
  struct Told {
    std::int64_t value = 0;  ///< that the mirrors were told
    std::int64_t seen = 0;   ///< of the source at the last call
  };
  std::map<std::pair<std::string, std::string>, Told> told_;
};

}  // namespace pgmirror::capture::postgres
