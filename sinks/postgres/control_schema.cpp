#include "sinks/postgres/control_schema.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "libpq/database_transaction.hpp"
#include "sinks/postgres/privacy.hpp"

namespace pgmirror::sinks::postgres {
namespace {

/// What brings the schema from the version before to this one. Never edited once released, only added to.
constexpr std::array migrations{
    R"sql(
CREATE TABLE pgmirror.checkpoint (
  mirror text PRIMARY KEY,
  source text NOT NULL,
  epoch bigint NOT NULL,
  owner text,
  position bigint NOT NULL,
  commit_time timestamp with time zone,
  updated_at timestamp with time zone NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE pgmirror.checkpoint IS 'How far each mirror is; moved only in the transaction that carries the rows';

COMMENT ON COLUMN pgmirror.checkpoint.owner IS 'Drawn by each agent at its start: who raised the epoch last';

CREATE TABLE pgmirror.tables (
  mirror text NOT NULL,
  schema_name text NOT NULL,
  table_name text NOT NULL,
  state text NOT NULL CHECK (state IN ('copying', 'live', 'stopped', 'dropped')),
  created boolean NOT NULL DEFAULT true,
  copied_at bigint,
  rows bigint,
  last_error text,
  updated_at timestamp with time zone NOT NULL DEFAULT pg_catalog.now(),
  PRIMARY KEY (mirror, schema_name, table_name)
);
COMMENT ON COLUMN pgmirror.tables.created IS 'pgmirror made the table; otherwise it stood there before';
COMMENT ON COLUMN pgmirror.tables.copied_at IS 'Position of the snapshot that the rows came from';

CREATE TABLE pgmirror.parked (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  mirror text NOT NULL,
  position bigint NOT NULL,
  ordinal bigint NOT NULL,
  schema_name text NOT NULL,
  table_name text NOT NULL,
  operation text NOT NULL,
  change jsonb NOT NULL,
  error text NOT NULL,
  sqlstate text NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  parked_at timestamp with time zone NOT NULL DEFAULT pg_catalog.now()
);
CREATE INDEX parked_by_table ON pgmirror.parked (mirror, schema_name, table_name, id);

CREATE TABLE pgmirror.odd_values (
  schema_name text NOT NULL,
  table_name text NOT NULL,
  key text NOT NULL,
  column_name text NOT NULL,
  storage_class text NOT NULL CHECK (storage_class IN ('integer', 'real', 'text', 'blob')),
  raw bytea NOT NULL,
  PRIMARY KEY (schema_name, table_name, key, column_name)
);
COMMENT ON TABLE pgmirror.odd_values IS 'Values of the source that the columns of the mirror cannot hold, byte for byte';

CREATE TABLE pgmirror.schema_history (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  mirror text NOT NULL,
  position bigint NOT NULL,
  at timestamp with time zone NOT NULL DEFAULT pg_catalog.now(),
  statement text NOT NULL,
  reason text NOT NULL
);

CREATE VIEW pgmirror.status AS
  SELECT t.mirror, t.schema_name, t.table_name, t.state,
         pg_catalog.pg_stat_get_live_tuples(c.oid) AS rows,
         k.commit_time AS applied_until, k.updated_at AS last_applied_at, t.last_error
    FROM pgmirror.tables t
    JOIN pgmirror.checkpoint k USING (mirror)
    LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = t.schema_name
    LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.table_name;

CREATE FUNCTION pgmirror.advance_checkpoint(
  for_mirror text, own_epoch bigint, expected bigint, next bigint, committed timestamp with time zone)
RETURNS void LANGUAGE plpgsql SET search_path = '' AS $body$
DECLARE
  found_epoch bigint;
  found_position bigint;
BEGIN
  SELECT c.epoch, c.position INTO found_epoch, found_position
    FROM pgmirror.checkpoint c WHERE c.mirror = for_mirror FOR UPDATE;
  IF found_epoch IS DISTINCT FROM own_epoch THEN
    RAISE EXCEPTION 'mirror is owned by epoch %, not by epoch %', found_epoch, own_epoch USING ERRCODE = 'PM002';
  END IF;
  IF found_position IS DISTINCT FROM expected THEN
    RAISE EXCEPTION 'checkpoint is at %, not at %', found_position, expected USING ERRCODE = 'PM001';
  END IF;
  UPDATE pgmirror.checkpoint c
     SET position = next, commit_time = coalesce(committed, c.commit_time), updated_at = pg_catalog.clock_timestamp()
   WHERE c.mirror = for_mirror;
END
$body$;
REVOKE ALL ON FUNCTION pgmirror.advance_checkpoint(text, bigint, bigint, bigint, timestamp with time zone) FROM PUBLIC;
)sql",
    R"sql(
CREATE TABLE pgmirror.copied_parts (
  mirror text NOT NULL,
  schema_name text NOT NULL,
  table_name text NOT NULL,
  part text NOT NULL,
  transaction bigint NOT NULL,
  PRIMARY KEY (mirror, schema_name, table_name, part)
);
COMMENT ON TABLE pgmirror.copied_parts IS 'Parts of tables whose first copy is not at its end, and who put their rows here';
)sql",
    R"sql(
ALTER TABLE pgmirror.tables ADD COLUMN parts jsonb;
COMMENT ON COLUMN pgmirror.tables.parts IS
  'Columns, constraints and indexes that came from a PostgreSQL source, with its statements: nothing else ever goes';
)sql",
    R"sql(
CREATE TABLE pgmirror.enum_labels (
  mirror text NOT NULL,
  label oid NOT NULL,
  source_label bigint NOT NULL,
  PRIMARY KEY (mirror, label)
);
COMMENT ON TABLE pgmirror.enum_labels IS
  'Which label of an enum of a PostgreSQL source a label of the mirror is, by the numbers that the servers gave them';
)sql",
    R"sql(
ALTER TABLE pgmirror.tables ADD COLUMN whole boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN pgmirror.tables.whole IS
  'False between the copy of the rows and the end of what is made over them: keys, indexes and the rest';
)sql",
};

constexpr std::array private_tables{"pgmirror.version",      "pgmirror.checkpoint", "pgmirror.tables",
                                    "pgmirror.parked",       "pgmirror.odd_values", "pgmirror.schema_history",
                                    "pgmirror.copied_parts", "pgmirror.enum_labels"};

/// Any number that nothing else in the database locks; spells "pgmirror".
constexpr const char* lock_sql = "SELECT pg_catalog.pg_advisory_xact_lock(8099570168494747506)";

std::size_t installed_version(libpq::Connection& connection) {
  // Not to_regclass(): it looks into the session's cache, which does not know yet what another session made while we
  // waited for the lock.
  const libpq::Result table = connection.execute(
      "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "WHERE n.nspname = 'pgmirror' AND c.relname = 'version'");
  if (table.rows() == 0) return 0;
  const libpq::Result version = connection.execute("SELECT coalesce(max(version), 0) FROM pgmirror.version");
  return static_cast<std::size_t>(version.integer(0, 0));
}

void refuse_newer(std::size_t installed) {
  if (installed <= migrations.size()) return;
  throw std::runtime_error(
      fmt::format("schema pgmirror in the mirror has version {}, this program knows up to {}; use the newer pgmirror",
                  installed, migrations.size()));
}

}  // namespace

void create_control_schema(libpq::Connection& connection) {
  // An up-to-date schema asks for no privilege to create anything.
  std::size_t version = installed_version(connection);
  refuse_newer(version);
  if (version == migrations.size()) return;

  libpq::DatabaseTransaction transaction(connection);
  connection.execute(lock_sql);
  version = installed_version(connection);
  refuse_newer(version);
  if (version == 0) {
    connection.execute(
        "CREATE SCHEMA IF NOT EXISTS pgmirror; REVOKE ALL ON SCHEMA pgmirror FROM PUBLIC; "
        "CREATE TABLE pgmirror.version (version integer PRIMARY KEY, "
        "installed_at timestamp with time zone NOT NULL DEFAULT pg_catalog.now())");
  }
  for (; version < migrations.size(); ++version) {
    connection.execute(migrations[version]);
    connection.execute("INSERT INTO pgmirror.version (version) VALUES ($1)",
                       libpq::Parameters{}.text(std::to_string(version + 1), 23));
  }
  std::string privacy;
  for (const char* table : private_tables) privacy += privacy_sql(table);
  connection.execute(privacy);
  transaction.commit();
}

}  // namespace pgmirror::sinks::postgres
