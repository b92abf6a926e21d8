#include "capture/postgres/preflight_facts.hpp"

#include "libpq/parameters.hpp"

namespace pgmirror::capture::postgres {
namespace {

void read_server(libpq::Connection& connection, PreflightFacts& facts) {
  const libpq::Result result = connection.execute(
      "SELECT pg_is_in_recovery(), current_setting('wal_level'),"
      " (SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()),"
      " current_database(), current_user, r.rolsuper, r.rolreplication,"
      " has_database_privilege(current_database(), 'CREATE'), current_setting('max_replication_slots'),"
      " (SELECT count(*) FROM pg_replication_slots), current_setting('max_wal_senders'),"
      " (SELECT count(*) FROM pg_stat_replication), coalesce((SELECT setting::bigint FROM pg_settings"
      "  WHERE name = 'max_slot_wal_keep_size'), -1), pg_backend_pid(), current_setting('server_version_num')"
      " FROM pg_roles r WHERE r.rolname = current_user");
  facts.in_recovery = result.boolean(0, 0);
  facts.wal_level = result.text(0, 1);
  facts.encoding = result.text(0, 2);
  facts.database = result.text(0, 3);
  facts.role = result.text(0, 4);
  facts.superuser = result.boolean(0, 5);
  facts.replication = result.boolean(0, 6);
  facts.creates_in_database = result.boolean(0, 7);
  facts.max_slots = result.integer(0, 8);
  facts.used_slots = result.integer(0, 9);
  facts.max_senders = result.integer(0, 10);
  facts.used_senders = result.integer(0, 11);
  facts.slot_wal_limit_mb = result.integer(0, 12);
  // A pooler tells its clients a number of its own.
  facts.pooled = result.integer(0, 13) != PQbackendPID(connection.native());
  facts.version = static_cast<int>(result.integer(0, 14));
}

void read_own_objects(libpq::Connection& connection, PreflightFacts& facts) {
  const libpq::Result own = connection.execute(
      "SELECT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1::text),"
      " EXISTS (SELECT FROM pg_publication WHERE pubname = $2::text)",
      libpq::Parameters::texts({facts.names.slot, facts.names.publication}));
  facts.slot_exists = own.boolean(0, 0);
  facts.publication_exists = own.boolean(0, 1);
  const libpq::Result tables = connection.execute(
      "SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname IN ($1::text, $2::text)",
      libpq::Parameters::texts({facts.names.publication, facts.names.publication + "_inserts"}));
  for (int row = 0; row < tables.rows(); ++row) {
    facts.published.emplace(std::string(tables.text(row, 0)), std::string(tables.text(row, 1)));
  }
}

}  // namespace

PreflightFacts read_preflight_facts(libpq::Connection& connection, const SlotNames& names) {
  PreflightFacts facts;
  facts.names = names;
  facts.version_text = connection.execute("SELECT version()").text(0, 0);
  // Servers that speak the protocol and are something else say so here, and lack the catalogs below.
  if (!facts.version_text.starts_with("PostgreSQL ")) return facts;
  read_server(connection, facts);
  read_own_objects(connection, facts);
  const libpq::Result schemas = connection.execute(
      "SELECT nspname FROM pg_namespace WHERE NOT has_schema_privilege(oid, 'USAGE') AND nspname !~ '^pg_'");
  for (int row = 0; row < schemas.rows(); ++row) facts.unusable_schemas.emplace(schemas.text(row, 0));
  const libpq::Result extensions = connection.execute(
      "SELECT DISTINCT e.extname, n.nspname, c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
      " JOIN pg_namespace n ON n.oid = c.relnamespace"
      " JOIN pg_type t ON t.oid = a.atttypid"
      " JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.deptype = 'e' AND d.objid IN (t.oid, t.typelem)"
      " JOIN pg_extension e ON e.oid = d.refobjid"
      " WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped");
  for (int row = 0; row < extensions.rows(); ++row) {
    facts.extensions.push_back({.extension = std::string(extensions.text(row, 0)),
                                .schema = std::string(extensions.text(row, 1)),
                                .table = std::string(extensions.text(row, 2))});
  }
  return facts;
}

}  // namespace pgmirror::capture::postgres
