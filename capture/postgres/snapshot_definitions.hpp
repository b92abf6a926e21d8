#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "capture/postgres/relation_catalog.hpp"
#include "capture/postgres/stream_relations.hpp"
#include "change/transaction.hpp"

namespace pgmirror::capture::postgres {

/// The tables of a snapshot as the queue has to know them at its position.
///
/// The stream tells that tables or columns are called otherwise with the next row, the catalog within a second or two.
/// A copy has the new names already; told later, they would be given once more, and names that were exchanged would be
/// exchanged back.
class SnapshotDefinitions {
 public:
  SnapshotDefinitions(change::Position position, const std::vector<FollowedTable>& tables);

  /// Tells the new names that the queue does not know. Thread of the stream, inside a transaction at the position or
  /// soon behind it.
  void tell(StreamRelations& relations, change::TransactionWriter& writer) const;
  /// The queue has come to the position, or further. Thread of the stream.
  void compare(const StreamRelations& relations);
  /// By Relation::qualified_name the tables of which the queue tells names behind the position that the snapshot has
  /// already. All of them until compare(). Any thread.
  std::set<std::string> untold() const;

 private:
  bool is_of_snapshot(ObjectId table) const;

  const change::Position position_;
  std::vector<FollowedTable> tables_;
  mutable std::mutex mutex_;
  std::optional<std::set<std::string>> untold_;
};

}  // namespace pgmirror::capture::postgres
