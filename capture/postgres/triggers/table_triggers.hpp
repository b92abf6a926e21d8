#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "capture/postgres/relation_catalog.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres::triggers {

/// Our triggers on one table that keeps rows, as a snapshot of the catalog has them.
struct TriggerState {
  /// What tells them from triggers that stood there before, or that were switched off meanwhile.
  std::string generation;
  /// Of a partition that they came with, so that it never had rows without them: the transaction that made it.
  std::string since_birth;
};

/// What the triggers of a table are to be made with.
struct WantedTriggers {
  ObjectId table = 0;
  std::string name;  ///< quoted
  bool partitioned = false;
  std::string up_to_key;         ///< regular expression for what of a row is logged; empty: all
  std::vector<ObjectId> leaves;  ///< that keep its rows

  /// What makes them, in place of any that stand there. Writers of the table wait meanwhile.
  std::string sql() const;
};

/// Of the tables that are followed. A partitioned one carries the row trigger for its partitions, also those to come; a
/// partition that is truncated shows in the catalog.
WantedTriggers wanted_triggers(const FollowedTable& followed, const CatalogTable& table);

/// Of all tables that keep rows and have all triggers of ours, as they are wanted and firing for everything, by table.
/// Throws DatabaseError.
std::map<ObjectId, TriggerState> read_triggers(libpq::Connection& connection, const std::vector<WantedTriggers>& wanted,
                                               const CatalogPicture& picture);

/// Makes them in a transaction of its own. Waits for writers of the table for three seconds at most, since other
/// writers wait behind us. Throws DatabaseError: 55P03 when that was not enough, 42501 when the role does not own the
/// table.
void install(libpq::Connection& connection, const WantedTriggers& triggers);

/// Takes all triggers of ours away, table by table. Throws DatabaseError.
void drop_triggers(libpq::Connection& connection);

}  // namespace pgmirror::capture::postgres::triggers
