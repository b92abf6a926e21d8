#pragma once

#include <string>
#include <vector>

#include "change/position.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres::triggers {

/// How far the log of changes has been read: under each position of the queue the snapshot of the source that it stands
/// for. A snapshot is stored, durably in the source, before anything of it may reach the queue; so whatever dies, the
/// queue's end names the snapshot from which to go on, and everything that the snapshot shows has outlived the server.
class Progress {
 public:
  /// Nothing else is known, for a new queue. `snapshot` as txid_current_snapshot() prints it. All throw DatabaseError.
  static void begin(libpq::Connection& connection, change::Position position, const std::string& snapshot);
  /// Whether anybody has read the log.
  static bool any(libpq::Connection& connection);
  /// The snapshot under `position`; empty where none is.
  static std::string snapshot_at(libpq::Connection& connection, change::Position position);
  /// Durable on return. `promised`: somebody outside has been given the snapshot and relies on the queue to stop there.
  static void store(libpq::Connection& connection, change::Position position, const std::string& snapshot,
                    bool promised);
  /// Promised positions behind `position`.
  static std::vector<change::Position> promises_after(libpq::Connection& connection, change::Position position);
  /// The queue has everything up to `position`, durably: forgets what was before, and the log that `snapshot` shows.
  static void release(libpq::Connection& connection, change::Position position, const std::string& snapshot);
};

/// The oldest transaction that a snapshot, as the server prints it, does not take for finished.
std::string oldest_running(const std::string& snapshot);

}  // namespace pgmirror::capture::postgres::triggers
