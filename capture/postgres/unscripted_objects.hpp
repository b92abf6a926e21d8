#pragma once

#include <string>

#include "capture/postgres/schema_script.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// What the source has of kinds that no mirror gets, or not with these options: `2 event triggers, 1 foreign table`.
/// Empty where there is nothing of that. For people, once in a run. Throws DatabaseError.
std::string unscripted_objects(libpq::Connection& connection, const ScriptOptions& options);

}  // namespace pgmirror::capture::postgres
