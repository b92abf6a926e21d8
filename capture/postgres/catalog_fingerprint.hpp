#pragma once

#include <string>

#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// A text that is another one after whatever defines, alters or drops something in the database, triggers included, and
/// the same as long as nothing does: one statement, some milliseconds. In a REPEATABLE READ transaction it is that of
/// the transaction's snapshot. Throws DatabaseError.
std::string catalog_fingerprint(libpq::Connection& connection);

}  // namespace pgmirror::capture::postgres
