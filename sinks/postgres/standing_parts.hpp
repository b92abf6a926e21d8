#pragma once

#include <map>
#include <string>

#include "libpq/connection.hpp"

namespace pgmirror::sinks::postgres {

/// What belongs to a table of the mirror: by its key (change::SchemaStatement::parts) the statement that makes it, in
/// the words of a PostgreSQL source of the same version; empty for a plain column.
using StandingParts = std::map<std::string, std::string>;

/// Of one table; nothing where it does not stand. Inside a transaction with pinned names. Throws DatabaseError.
StandingParts standing_parts(libpq::Connection& connection, const std::string& schema, const std::string& table);

/// An identity's statement without the name of its sequence, which the server may have had to choose.
std::string without_sequence_name(std::string sql);

}  // namespace pgmirror::sinks::postgres
