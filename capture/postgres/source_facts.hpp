#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "change/position.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// Which server and database somebody is connected to, and how far its log goes.
struct SourceFacts {
  std::string system_identifier;  ///< drawn by initdb; a physical copy keeps it
  std::string database_oid;
  std::string timeline;  ///< another one after each promotion and each restore to a point in time
  change::Position log_end;
  bool standby = false;
  std::string wal_level;
  std::string encoding;
  std::chrono::milliseconds sender_timeout{0};  ///< after which the server gives up a silent client; zero: never

  /// `postgresql:SYSTEM/DATABASE/TIMELINE`.
  change::SourceIdentity identity() const;
};

/// A replication slot as the server lists it.
struct SlotFacts {
  std::string plugin;
  std::string database;
  std::string wal_status;            ///< `lost`: the log it needs is gone; empty where the server does not say
  change::Position confirmed_flush;  ///< the server streams only what ends later
  change::Position restart;          ///< where the server begins to read its log for it
  std::string active_pid;            ///< of the server process that streams it now, else empty
  std::string client;                ///< address of who reads from it, where the server tells us
};

/// On a session of either kind (source_session.hpp). Both throw DatabaseError.
SourceFacts read_source_facts(libpq::Connection& connection);
std::optional<SlotFacts> read_slot(libpq::Connection& connection, const std::string& slot);

}  // namespace pgmirror::capture::postgres
