#include "capture/postgres/triggers/change_log.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres::triggers {
namespace {

/// `*=` compares what is stored and has no opinion on types without equality. The argument of the trigger cuts a row
/// behind its key; it must not match a row that was cut in the middle of a cell, hence its look at what follows.
constexpr const char* function_body = R"(
-- pgmirror's log of changes, version 2
DECLARE
  old_row pg_catalog.text;
  new_row pg_catalog.text;
BEGIN
  IF TG_OP = 'UPDATE' AND OLD OPERATOR(pg_catalog.*=) NEW THEN
    RETURN NULL;
  END IF;
  IF TG_OP IN ('UPDATE', 'DELETE') THEN
    old_row := OLD::pg_catalog.text;
    old_row := coalesce(substring(pg_catalog.left(old_row, 1000) FROM TG_ARGV[0]), old_row);
  END IF;
  IF TG_OP IN ('INSERT', 'UPDATE') THEN
    new_row := NEW::pg_catalog.text;
    new_row := coalesce(substring(pg_catalog.left(new_row, 1000) FROM TG_ARGV[0]), new_row);
  END IF;
  IF old_row = new_row THEN
    old_row := '=';
  END IF;
  INSERT INTO pgmirror.changes (xid, relation, old, new)
    VALUES (pg_catalog.txid_current(), TG_RELID, old_row, new_row);
  RETURN NULL;
END
)";

/// md5 of the bodies that earlier versions have made, all of which write the log as it is read now. A body that nobody
/// knows is somebody else's, and what it has logged cannot be trusted.
constexpr std::array earlier_bodies{"2dd5d3449d28cc1cd0f696026ec91386"};

/// Rows are printed the one way that a session of ours prints them.
constexpr const char* function_settings =
    "SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres'"
    " SET timezone = 'UTC' SET extra_float_digits = 3 SET bytea_output = 'hex' SET lc_monetary = 'C'"
    " SET quote_all_identifiers = off";

std::string function_sql() {
  return fmt::format("CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER\n{}\nAS {};\n",
                     log_function, function_settings, libpq::quote_literal(function_body));
}

std::string truncation_sql() {
  return fmt::format(
      "DROP TRIGGER IF EXISTS pgmirror_truncate ON pgmirror.changes;\n"
      "CREATE TRIGGER pgmirror_truncate AFTER TRUNCATE ON pgmirror.changes FOR EACH STATEMENT"
      " EXECUTE FUNCTION {}();\n"
      "ALTER TABLE pgmirror.changes ENABLE ALWAYS TRIGGER pgmirror_truncate;\n",
      log_function);
}

}  // namespace

std::string change_log_sql() {
  return "CREATE SCHEMA IF NOT EXISTS pgmirror;\n"
         "CREATE TABLE IF NOT EXISTS pgmirror.changes (xid bigint NOT NULL, relation oid NOT NULL, old text, new text)"
         " WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);\n"
         "CREATE INDEX IF NOT EXISTS changes_xid ON pgmirror.changes (xid);\n"
         "CREATE TABLE IF NOT EXISTS pgmirror.progress (position bigint PRIMARY KEY, snapshot txid_snapshot NOT NULL,"
         " promised boolean NOT NULL) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = "
         "1000);\n" +
         function_sql() + truncation_sql();
}

bool has_change_log(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(
      fmt::format("SELECT pg_catalog.to_regclass('pgmirror.changes') IS NOT NULL"
                  " AND pg_catalog.to_regclass('pgmirror.changes_xid') IS NOT NULL"
                  " AND pg_catalog.to_regclass('pgmirror.progress') IS NOT NULL"
                  " AND EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid = pg_catalog.to_regproc('{}') AND prosecdef"
                  " AND (prosrc = {} OR pg_catalog.md5(prosrc) IN ('{}')))",
                  log_function, libpq::quote_literal(function_body), fmt::join(earlier_bodies, "', '")));
  return result.boolean(0, 0);
}

bool renew_log_function(libpq::Connection& connection) {
  const libpq::Result earlier = connection.execute(
      fmt::format("SELECT FROM pg_catalog.pg_proc WHERE oid = pg_catalog.to_regproc('{}') AND prosecdef"
                  " AND pg_catalog.md5(prosrc) IN ('{}')",
                  log_function, fmt::join(earlier_bodies, "', '")));
  if (earlier.rows() == 0) return false;
  libpq::DatabaseTransaction transaction(connection);
  connection.execute(function_sql());
  transaction.commit();
  return true;
}

void note_truncation(libpq::Connection& connection) {
  const libpq::Result noted = connection.execute(
      "SELECT FROM pg_catalog.pg_trigger WHERE tgname = 'pgmirror_truncate'"
      " AND tgrelid = pg_catalog.to_regclass('pgmirror.changes')");
  if (noted.rows() > 0) return;
  libpq::DatabaseTransaction transaction(connection);
  connection.execute("SET LOCAL client_min_messages = warning; SET LOCAL lock_timeout = '3s'; " + truncation_sql());
  transaction.commit();
}

void make_change_log(libpq::Connection& connection) {
  libpq::DatabaseTransaction transaction(connection);
  connection.execute("SET LOCAL client_min_messages = warning; " + change_log_sql());
  transaction.commit();
}

void drop_change_log(libpq::Connection& connection) {
  libpq::DatabaseTransaction transaction(connection);
  connection.execute(
      fmt::format("SET LOCAL client_min_messages = warning; DROP FUNCTION IF EXISTS {}();"
                  " DROP TABLE IF EXISTS pgmirror.changes, pgmirror.progress",
                  log_function));
  const libpq::Result others = connection.execute(
      "SELECT FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_depend d"
      " ON d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid"
      " WHERE n.nspname = 'pgmirror'");
  if (others.rows() == 0) connection.execute("DROP SCHEMA IF EXISTS pgmirror");
  transaction.commit();
}

ObjectId change_log_oid(libpq::Connection& connection) {
  return static_cast<ObjectId>(
      connection.execute("SELECT 'pgmirror.changes'::pg_catalog.regclass::pg_catalog.oid").integer(0, 0));
}

std::string calls_log_function() { return fmt::format("t.tgfoid = pg_catalog.to_regproc('{}')", log_function); }

}  // namespace pgmirror::capture::postgres::triggers
