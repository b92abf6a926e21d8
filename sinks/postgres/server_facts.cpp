#include "sinks/postgres/server_facts.hpp"

#include "libpq/connection.hpp"
#include "sinks/postgres/replica_role.hpp"
#include "sinks/postgres/tls_in_use.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

/// A transaction that leaves nothing.
class Look {
 public:
  explicit Look(libpq::Connection& connection, const char* mode) : connection_(connection) {
    connection_.execute(std::string("BEGIN ") + mode + "; SET LOCAL statement_timeout = '5s'");
  }
  ~Look() {
    try {
      connection_.execute("ROLLBACK");
    } catch (const libpq::DatabaseError&) {
      // The connection is gone, and the transaction with it.
    }
  }
  Look(const Look&) = delete;
  Look& operator=(const Look&) = delete;

 private:
  libpq::Connection& connection_;
};

void read_server(libpq::Connection& connection, ServerFacts& facts) {
  const Look look(connection, "READ ONLY");
  const libpq::Result row = connection.execute(
      "SELECT current_setting('server_version'), current_user, pg_catalog.pg_is_in_recovery()"
      " OR current_setting('default_transaction_read_only')::boolean, current_setting('server_encoding'),"
      " current_setting('fsync')::boolean, pg_catalog.pg_database_size(pg_catalog.current_database())");
  facts.version = connection.server_version();
  facts.version_text = row.text(0, 0);
  facts.role = row.text(0, 1);
  facts.read_only = row.boolean(0, 2);
  facts.encoding = row.text(0, 3);
  facts.fsync = row.boolean(0, 4);
  facts.database_bytes = static_cast<std::uint64_t>(row.integer(0, 5));
}

void read_privileges(libpq::Connection& connection, const std::string& schema, ServerFacts& facts) {
  const Look look(connection, "READ ONLY");
  const libpq::Result row = connection.execute(
      "SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'), n.oid IS NOT NULL,"
      " coalesce(pg_catalog.has_schema_privilege(n.oid, 'CREATE'), false),"
      " coalesce(pg_catalog.has_schema_privilege(c.oid, 'CREATE'),"
      "          pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'))"
      " FROM (VALUES ($1)) AS target (name) LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = target.name"
      " LEFT JOIN pg_catalog.pg_namespace c ON c.nspname = 'pgmirror'",
      libpq::Parameters::texts({schema}));
  facts.may_create_schema = row.boolean(0, 0);
  facts.schema_exists = row.boolean(0, 1);
  facts.may_create_in_schema = row.boolean(0, 2);
  facts.owns_control_schema = row.boolean(0, 3);
  if (!facts.schema_exists) return;

  const libpq::Result tables = connection.execute(
      "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')"
      " ORDER BY c.relname",
      libpq::Parameters::texts({schema}));
  for (int i = 0; i < tables.rows(); ++i) facts.foreign_tables.emplace_back(tables.text(i, 0));
  const libpq::Result roles = connection.execute(
      "SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.rolname IN ('anon', 'authenticated')"
      " AND pg_catalog.has_schema_privilege(r.oid, (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = $1),"
      " 'USAGE') ORDER BY r.rolname",
      libpq::Parameters::texts({schema}));
  for (int i = 0; i < roles.rows(); ++i) facts.api_roles.emplace_back(roles.text(i, 0));
}

void read_extensions(libpq::Connection& connection, ServerFacts& facts) {
  const Look look(connection, "READ ONLY");
  // Servers before 13 trust none.
  const libpq::Result rows = connection.execute(
      "SELECT a.name, a.installed_version IS NOT NULL, r.rolsuper"
      " OR coalesce((pg_catalog.to_jsonb(v) ->> 'trusted')::boolean, false)"
      "    AND pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')"
      " FROM pg_catalog.pg_available_extensions a"
      " JOIN pg_catalog.pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version"
      " JOIN pg_catalog.pg_roles r ON r.rolname = current_user");
  for (int i = 0; i < rows.rows(); ++i) {
    const auto state = rows.boolean(i, 1)   ? ServerFacts::Extension::made
                       : rows.boolean(i, 2) ? ServerFacts::Extension::ours
                                            : ServerFacts::Extension::of_others;
    facts.extensions.emplace(rows.text(i, 0), state);
  }
}

void read_history(libpq::Connection& connection, const std::string& mirror, ServerFacts& facts) {
  const Look look(connection, "READ ONLY");
  const bool readable =
      connection
          .execute(
              "SELECT coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass('pgmirror.checkpoint'),"
              " 'SELECT'), false)")
          .boolean(0, 0);
  if (!readable) return;
  const libpq::Result row = connection.execute("SELECT source FROM pgmirror.checkpoint WHERE mirror = $1",
                                               libpq::Parameters::texts({mirror}));
  if (row.rows() > 0) facts.followed_source = row.text(0, 0);
}

/// A pooler that gives each transaction any of its server connections may well give the same one again, so this asks
/// several times.
void find_pooler(libpq::Connection& connection, ServerFacts& facts) {
  std::int64_t last = PQbackendPID(connection.native());
  for (int i = 0; i < 5; ++i) {
    const Look look(connection, "READ ONLY");
    const std::int64_t backend = connection.execute("SELECT pg_catalog.pg_backend_pid()").integer(0, 0);
    if (backend != last) (i == 0 ? facts.pooler : facts.transaction_pooler) = true;
    last = backend;
  }
}

void compare_clocks(libpq::Connection& connection, ServerFacts& facts) {
  const auto before = system_clock::now();
  const auto started = steady_clock::now();
  const libpq::Result row =
      connection.execute("SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint");
  const auto round_trip = std::chrono::duration_cast<milliseconds>(steady_clock::now() - started);
  const system_clock::time_point there{milliseconds{row.integer(0, 0)}};
  facts.round_trip = round_trip;
  facts.clock_difference = std::chrono::duration_cast<milliseconds>(there - before) - round_trip / 2;
}

bool probe_replica_role(libpq::Connection& connection) {
  const Look look(connection, "");
  return set_replica_role(connection);
}

}  // namespace

ServerFacts examine_server(const config::Mirror& mirror) {
  config::ConnectionSettings settings = mirror.connection;
  settings.parameters["connect_timeout"] = "5";
  libpq::Connection connection(settings, "pgmirror doctor", libpq::Connection::Access::read_only, {.pin_names = true});
  ServerFacts facts{.tls = tls_in_use(connection)};
  read_server(connection, facts);
  read_privileges(connection, mirror.schema, facts);
  read_extensions(connection, facts);
  read_history(connection, mirror.name, facts);
  find_pooler(connection, facts);
  facts.may_set_replica_role = probe_replica_role(connection);
  compare_clocks(connection, facts);
  return facts;
}

}  // namespace pgmirror::sinks::postgres
