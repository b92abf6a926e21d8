#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <vector>

#include "capture/postgres/sequence_memory.hpp"
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
  ToldSequences told;                         ///< what is known when these are

  bool empty() const { return restarts.empty() && values.empty(); }
  void add(SequenceNews more);
  void write(change::TransactionWriter& writer) const;
};

/// Tells how far sequences are used, ahead of them, so that a mirror which lost its source gives no number twice. One
/// thread.
class SequenceWatch {
 public:
  /// `memory` is a file that keeps what was told, so that what happened while nobody watched is found at the next
  /// start. Throws as recall_sequences().
  explicit SequenceWatch(std::filesystem::path memory);

  /// What needs to be told now: of each sequence its first value since the start, and a new one when half of the margin
  /// is used up. The margin of a busy sequence grows to ten times what was used since the last call. Throws
  /// DatabaseError.
  SequenceNews poll(libpq::Connection& connection, const RelationCatalog& catalog);
  /// `news` is durable in the queue. Until this is called a later start tells it again. Throws std::system_error.
  void remember(const SequenceNews& news);
  /// Of another queue. Throws std::system_error.
  void forget();

 private:
  void tell(const SequenceState& state, std::optional<ToldSequence>& told, bool came_later, SequenceNews& news);

  std::filesystem::path memory_;
  bool any_known_;  ///< one that is not known has come later then, whatever mirrors have under its name
  ToldSequences told_;
  std::set<ObjectId> told_since_start_;  ///< once at least
};

}  // namespace pgmirror::capture::postgres
