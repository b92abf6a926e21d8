#include "sinks/postgres/worker_sessions.hpp"

#include "libpq/parameters.hpp"

namespace pgmirror::sinks::postgres {
namespace {

std::string name_of(const config::Mirror& mirror) { return "pgmirror worker " + mirror.name; }

}  // namespace

libpq::Connection open_worker_session(const config::Mirror& mirror) {
  return {mirror.connection, name_of(mirror), libpq::Connection::Access::read_write, {.pin_names = true}};
}

std::int64_t end_abandoned_sessions(libpq::Connection& connection, const config::Mirror& mirror,
                                    const Claimant& claimant) {
  // The name as we gave it, not as the session has it: a pooler calls everybody's sessions the same.
  return connection
      .execute(
          "SELECT pg_catalog.count(*) FILTER (WHERE pg_catalog.pg_terminate_backend(a.pid))"
          " FROM pg_catalog.pg_stat_activity a WHERE a.datname = pg_catalog.current_database()"
          " AND a.usename = session_user AND a.application_name = $1 AND a.pid <> pg_catalog.pg_backend_pid()"
          " AND EXISTS (SELECT FROM pgmirror.checkpoint c WHERE c.mirror = $2 AND (c.owner = $3 OR $4::boolean))",
          libpq::Parameters{}
              .text(name_of(mirror))
              .text(mirror.name)
              .text(claimant.owner)
              .text(claimant.takes_over ? "true" : "false"))
      .integer(0, 0);
}

}  // namespace pgmirror::sinks::postgres
