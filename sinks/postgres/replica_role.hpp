#pragma once

#include "libpq/connection.hpp"

namespace pgmirror::sinks::postgres {

/// Sets session_replication_role to replica for the rest of the caller's transaction, so that foreign keys and ordinary
/// triggers of the mirror do not fire. False, and the transaction as it was, where the role may not.
///
/// By the SET command and in a savepoint: where an extension grants it to ordinary roles it hooks the command, not
/// set_config().
bool set_replica_role(libpq::Connection& connection);

}  // namespace pgmirror::sinks::postgres
