#include "sinks/postgres/replica_role.hpp"

namespace pgmirror::sinks::postgres {

bool set_replica_role(libpq::Connection& connection) {
  connection.execute("SAVEPOINT pgmirror_role");
  try {
    connection.execute("SET LOCAL session_replication_role = replica");
  } catch (const libpq::DatabaseError& error) {
    if (error.connection_lost()) throw;
    connection.execute("ROLLBACK TO SAVEPOINT pgmirror_role; RELEASE SAVEPOINT pgmirror_role");
    return false;
  }
  connection.execute("RELEASE SAVEPOINT pgmirror_role");
  const libpq::Result role = connection.execute("SHOW session_replication_role");
  return role.text(0, 0) == "replica";
}

}  // namespace pgmirror::sinks::postgres
