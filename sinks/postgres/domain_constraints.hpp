#pragma once

#include <string>

#include "change/position.hpp"
#include "change/schema_statement.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::sinks::postgres {

/// SchemaStatement::kind of what makes a domain, with its constraints as parts.
inline constexpr const char* domain_kind = "domain";

/// Where the domain stands, takes away the constraints that the source's statements made and that the source's domain
/// has not, or has otherwise: by pgmirror.schema_history, so that those of somebody else stay. What is missing comes
/// with statements of its own. False where it does not stand. Inside the caller's transaction. Throws DatabaseError.
bool retire_domain_constraints(libpq::Connection& connection, const std::string& mirror, change::Position position,
                               const change::SchemaStatement& domain);

}  // namespace pgmirror::sinks::postgres
