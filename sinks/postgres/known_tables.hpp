#pragma once

#include <map>
#include <string>
#include <utility>

#include "libpq/connection.hpp"

namespace pgmirror::sinks::postgres {

/// What pgmirror.tables says of a table of one mirror.
struct KnownTable {
  std::string state;
  bool created = false;  ///< by us; otherwise it stood there before
};

/// By schema and name in the mirror. Throws DatabaseError.
std::map<std::pair<std::string, std::string>, KnownTable> known_tables(libpq::Connection& connection,
                                                                       const std::string& mirror);

/// Whether we have created it. Throws DatabaseError.
bool is_ours(libpq::Connection& connection, const std::string& mirror, const std::string& schema,
             const std::string& table);

}  // namespace pgmirror::sinks::postgres
