#pragma once

#include <optional>
#include <stop_token>

#include "change/snapshot.hpp"
#include "config/config.hpp"
#include "libpq/connection.hpp"
#include "queue/queue_reader.hpp"
#include "sinks/postgres/mirror_status.hpp"
#include "sinks/postgres/ownership.hpp"
#include "sinks/postgres/planned_work.hpp"
#include "sinks/postgres/schema_builder.hpp"

namespace pgmirror::sinks::postgres {

/// What a session's mirror gets from snapshots of the source: everything at first, tables of it later.
///
/// One thread; the connection is in use during a call. All referenced objects outlive it. What it throws:
/// DatabaseError, SchemaError, TableNotEmpty, what the snapshots throw.
class SourceCopy {
 public:
  struct Surroundings {
    libpq::Connection& connection;
    const config::Mirror& mirror;
    const queue::QueueReader& queue;
    change::SnapshotProvider& source;
    StatusBoard& board;
    const SchemaBuilder& schema;
    const Ownership& ownership;
  };
  explicit SourceCopy(const Surroundings& around) : around_(around) {}

  /// Makes the schema, copies every table and moves the mirror's checkpoint from `expected` to the position behind
  /// which changes have to be applied, which it returns once the queue has come so far. Nothing when stopped: the next
  /// one goes on. `start_over`: what stands in the mirror is replaced, whatever it followed.
  std::optional<change::Position> all(change::Position expected, bool start_over, const std::stop_token& stop);

  struct Outcome {
    bool complete = false;  ///< false: stopped
    bool again = false;     ///< some tables could not be taken from this snapshot
  };
  /// The tables that `task` names, and those that the mirror lacks. The mirror stands where the snapshot does.
  Outcome tables(const PlannedWork::Task& task, change::Position position, std::stop_token stop);

  /// What is copied or compared by it would not be what the changes behind it take it for: the queue has to be told
  /// first how its tables are called. Says so once.
  bool names_change(const change::Snapshot& snapshot);

 private:
  void copy_renamed_again(const change::Snapshot& snapshot);

  const Surroundings around_;
  unsigned copies_of_misfits_ = 0;
  bool names_awaited_ = false;
};

}  // namespace pgmirror::sinks::postgres
