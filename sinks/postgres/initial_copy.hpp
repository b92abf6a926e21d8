#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "change/position.hpp"
#include "change/snapshot.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/copy_progress.hpp"
#include "sinks/postgres/mirror_status.hpp"
#include "sinks/postgres/schema_builder.hpp"
#include "sinks/postgres/table_copy.hpp"
#include "sinks/postgres/table_definition.hpp"

namespace pgmirror::sinks::postgres {

/// A table of the mirror holds rows that no copy of ours put there.
class TableNotEmpty : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Fills the mirror's tables from a snapshot of the source.
///
/// One transaction a table: its rows, its odd values and its `live` state in pgmirror.tables with the snapshot's
/// position appear together or not at all, so a killed copy is continued by running another, with any later snapshot.
/// Reading and encoding happen on the calling thread, sending on another; memory is bounded by a few blocks.
class InitialCopy {
 public:
  /// `schema` outlives the copy. `epoch` is what claim_checkpoint gave: the copy of a table fails with PM002 once
  /// another agent has claimed the mirror. Tables named in `resync` (as Relation::qualified_name) are emptied and
  /// copied again, live or stopped, in the same transaction; the others are left alone unless they still have to be
  /// copied.
  /// `board`, which outlives the copy, shows how far it is.
  InitialCopy(const SchemaBuilder& schema, std::int64_t epoch, std::set<std::string> resync = {},
              StatusBoard* board = nullptr);

  struct Outcome {
    std::uint64_t tables = 0;  ///< copied now; those that were live already are not counted
    std::uint64_t rows = 0;
    std::uint64_t odd_values = 0;
    bool complete = false;  ///< false: stopped on request
    bool misfits = false;   ///< leave_misfits() has left a table
  };
  /// A table with a row that a type of the mirror refuses waits for the next copy, instead of being stopped: its source
  /// has changed the type since the snapshot, and prints the row so.
  void leave_misfits() { leaves_misfits_ = true; }

  /// What stands in the tables that are still to be copied is to be replaced, now and by every later copy: the order
  /// may be interrupted half way. After SchemaBuilder::prepare, on a person's command only.
  static void allow_replacing(libpq::Connection& connection, const std::string& mirror);

  /// Needs the control schema, a claimed checkpoint and SchemaBuilder::prepare. Every table is locked against writers
  /// only while it is copied. Throws TableNotEmpty (naming the table and what to do), DatabaseError, whatever the
  /// snapshot throws; nothing of the table at hand is in the mirror then. `connection` is used by another thread
  /// meanwhile.
  Outcome run(libpq::Connection& connection, change::Snapshot& snapshot, std::stop_token stop) const;

  /// The position from which changes have to be applied: the oldest snapshot that a live table came from; changes of a
  /// table up to its own `copied_at` are in it already. None when no table is live.
  static std::optional<change::Position> start_position(libpq::Connection& connection, const std::string& mirror);

 private:
  /// Names in the source of what has to be copied, in the snapshot's order.
  std::vector<CopyList::Table> tables_to_copy(libpq::Connection& connection, const change::Snapshot& snapshot) const;

  /// Nothing when the table is not to be copied, or could not be described and is stopped. False: stopped on request.
  bool copy_one(libpq::Connection& connection, change::Snapshot& snapshot, const change::RelationPtr& relation,
                TableKey key, CopyList& list, Outcome& outcome, const std::stop_token& stop) const;
  /// The mirror has refused a row. True when the copy is to be tried again: an index of ours went, or `key` changes to
  /// the hidden column. Else the table is stopped, alone.
  bool give_way(libpq::Connection& connection, change::Snapshot& snapshot, const change::Relation& relation,
                const libpq::DatabaseError& error, TableKey& key) const;
  bool drop_indexes(libpq::Connection& connection, const change::Relation& relation, change::Position position) const;
  /// Makes the rows of a table that holds some as the snapshot has them, and moves only those that differ. Nothing
  /// where a copy is the better way: no row stands there, or most of them would have to be moved.
  std::optional<TableCopyOutcome> mend(libpq::Connection& connection, change::Snapshot& snapshot,
                                       const MirrorTablePtr& table, const std::stop_token& stop) const;
  void stop_table(libpq::Connection& connection, const change::Relation& relation, const std::string& reason) const;
  /// Only schema and name.
  MirrorTable named(const change::Relation& relation) const;

  const SchemaBuilder& schema_;
  std::int64_t epoch_;
  std::set<std::string> resync_;
  StatusBoard* board_;
  bool leaves_misfits_ = false;
};

}  // namespace pgmirror::sinks::postgres
