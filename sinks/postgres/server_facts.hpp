#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace pgmirror::sinks::postgres {

/// What a server says about itself and about what we may do there.
struct ServerFacts {
  int version = 0;  ///< as PQserverVersion: 150004
  std::string version_text;
  std::string tls;  ///< what protects the line, empty: nothing
  std::string role;
  bool read_only = false;  ///< a standby, or default_transaction_read_only
  bool may_set_replica_role = false;
  bool may_create_schema = false;
  bool schema_exists = false;
  bool may_create_in_schema = false;
  bool owns_control_schema = false;  ///< or may make it
  /// Tables in the target schema that we would write and that belong to a role that ours is not.
  std::vector<std::string> foreign_tables;
  bool pooler = false;                 ///< a pooler stands between: the backend is not the one that was announced
  bool transaction_pooler = false;     ///< consecutive transactions went to different backends
  std::vector<std::string> api_roles;  ///< of anon and authenticated, those that may use the target schema
  /// What can be had of an extension that is installed on the server's machine.
  enum class Extension : std::uint8_t {
    made,      ///< it is in the database
    ours,      ///< the role may make it
    of_others  ///< it may not
  };
  std::map<std::string, Extension> extensions;  ///< by name
  std::string encoding;
  bool fsync = true;
  std::uint64_t database_bytes = 0;
  /// Server's clock minus ours, half a round trip taken off.
  std::chrono::milliseconds clock_difference{0};
  std::chrono::milliseconds round_trip{0};
  std::optional<std::string> followed_source;  ///< the checkpoint's, where the mirror was claimed before
};

/// Connects within five seconds, looks, and writes nothing: everything happens in transactions that are rolled back.
/// Throws DatabaseError.
ServerFacts examine_server(const config::Mirror& mirror);

}  // namespace pgmirror::sinks::postgres
