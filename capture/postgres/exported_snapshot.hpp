#pragma once

#include <stop_token>
#include <string>

#include "capture/postgres/replication_session.hpp"
#include "change/position.hpp"
#include "config/config.hpp"

namespace pgmirror::capture::postgres {

/// A snapshot of the source whose place in the stream of commits is known: that of a temporary slot, which goes with
/// this object. Import it meanwhile.
class ExportedSnapshot {
 public:
  /// Waits for every transaction that is open now, and says so. Throws DatabaseError.
  ExportedSnapshot(const config::ConnectionSettings& settings, const std::stop_token& stop);

  /// As SET TRANSACTION SNAPSHOT takes it.
  const std::string& name() const { return slot_.snapshot; }
  /// Commits that end up to here are in it, no others.
  change::Position position() const { return slot_.consistent_point; }

 private:
  ReplicationSession session_;
  CreatedSlot slot_;
};

}  // namespace pgmirror::capture::postgres
