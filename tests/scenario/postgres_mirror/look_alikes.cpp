#include "tests/scenario/postgres_mirror/look_alikes.hpp"

#include <fmt/format.h>

#include <array>

namespace pgmirror::tests {
namespace {

constexpr std::array catalogs{"pg_class",
                              "pg_namespace",
                              "pg_attribute",
                              "pg_attrdef",
                              "pg_type",
                              "pg_index",
                              "pg_constraint",
                              "pg_proc",
                              "pg_depend",
                              "pg_inherits",
                              "pg_enum",
                              "pg_sequence",
                              "pg_rewrite",
                              "pg_trigger",
                              "pg_description",
                              "pg_extension",
                              "pg_collation",
                              "pg_roles",
                              "pg_publication",
                              "pg_publication_tables",
                              "pg_settings",
                              "pg_range",
                              "pg_operator",
                              "pg_stat_activity",
                              "pg_replication_slots",
                              "pg_partitioned",
                              "pg_database",
                              "pg_publication_rel",
                              "pg_statistic_ext",
                              "pg_locks"};

constexpr std::array types{"text", "oid", "name", "regclass", "bytea", "uuid", "jsonb", "int8", "date", "pg_lsn"};

/// Whatever their arguments: those of the server are looked up.
constexpr const char* functions =
    "'length', 'now', 'lower', 'upper', 'md5', 'abs', 'trunc', 'set_config', 'current_setting', 'setval', 'nextval',"
    " 'format_type', 'pg_get_expr', 'pg_get_indexdef', 'pg_get_constraintdef', 'quote_ident', 'quote_literal',"
    " 'to_jsonb', 'array_to_string', 'has_table_privilege', 'pg_has_role', 'row_security_active', 'txid_current',"
    " 'txid_current_snapshot', 'txid_snapshot_xmin', 'txid_visible_in_snapshot', 'hashtextextended', 'textcat',"
    " 'pg_backend_pid', 'clock_timestamp', 'pg_relation_size', 'pg_table_size', 'pg_current_wal_insert_lsn',"
    " 'pg_current_wal_lsn', 'pg_export_snapshot', 'hashint8extended', 'pg_sequence_last_value', 'string_to_array',"
    " 'pg_is_in_recovery', 'version', 'pg_logical_emit_message', 'pg_wal_lsn_diff', 'encode', 'decode', 'btrim',"
    " 'ascii', 'position', 'strpos', 'replace', 'regexp_replace', 'bool', 'int4', 'float8', 'timezone', 'date_part'";

}  // namespace

std::string look_alikes() {
  std::string sql =
      "CREATE FUNCTION public.fooled() RETURNS boolean LANGUAGE plpgsql AS"
      " $f$ BEGIN RAISE EXCEPTION 'somebody used a look-alike'; END $f$;";
  for (const char* catalog : catalogs) sql += fmt::format("CREATE VIEW public.{} AS SELECT 1 AS nothing;", catalog);
  // Types by what the server calls them, so that a domain may be called like its base.
  for (const char* type : types) {
    sql += fmt::format("CREATE DOMAIN public.{0} AS pg_catalog.{0} CHECK (public.fooled());", type);
  }
  sql += fmt::format(
      "DO $do$ DECLARE f record; BEGIN FOR f IN SELECT p.proname,"
      " (SELECT pg_catalog.string_agg(pg_catalog.format_type(t, NULL), ', ' ORDER BY n)"
      "  FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS a(t, n)) AS arguments,"
      " pg_catalog.format_type(p.prorettype, NULL) AS result"
      " FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'"
      " AND NOT p.proretset AND p.proname IN ({}) AND NOT EXISTS (SELECT FROM pg_catalog.pg_type y"
      "  WHERE y.typtype = 'p' AND (y.oid = p.prorettype OR y.oid = ANY (p.proargtypes))) LOOP"
      " EXECUTE pg_catalog.format('CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN RAISE"
      " EXCEPTION ''somebody used a look-alike''; END $f$', f.proname, f.arguments, f.result); END LOOP; END $do$;",
      functions);
  sql +=
      "CREATE FUNCTION public.count_fooled(bigint) RETURNS bigint LANGUAGE plpgsql AS"
      " $f$ BEGIN RAISE EXCEPTION 'somebody used a look-alike'; END $f$;"
      "CREATE AGGREGATE public.count(*) (SFUNC = public.count_fooled, STYPE = bigint, INITCOND = '0');"
      "CREATE FUNCTION public.some_fooled(bigint, bigint) RETURNS bigint LANGUAGE plpgsql AS"
      " $f$ BEGIN RAISE EXCEPTION 'somebody used a look-alike'; END $f$;"
      "CREATE AGGREGATE public.max(bigint) (SFUNC = public.some_fooled, STYPE = bigint, INITCOND = '0');"
      "CREATE AGGREGATE public.min(bigint) (SFUNC = public.some_fooled, STYPE = bigint, INITCOND = '0');"
      "CREATE AGGREGATE public.sum(bigint) (SFUNC = public.some_fooled, STYPE = bigint, INITCOND = '0');"
      "CREATE FUNCTION public.unnest(pg_catalog.text[]) RETURNS SETOF pg_catalog.text LANGUAGE plpgsql AS"
      " $f$ BEGIN RAISE EXCEPTION 'somebody used a look-alike'; END $f$;"
      "CREATE FUNCTION public.unnest(bigint[]) RETURNS SETOF bigint LANGUAGE plpgsql AS"
      " $f$ BEGIN RAISE EXCEPTION 'somebody used a look-alike'; END $f$;";
  // Each of the server's operators for its own simple types, and exact ones where the server has to convert.
  sql +=
      "DO $do$ DECLARE o record; BEGIN FOR o IN"
      " SELECT DISTINCT s.name, l.t AS lefttype, r.t AS righttype"
      " FROM (VALUES ('='), ('<>'), ('<'), ('>'), ('<='), ('>='), ('||'), ('~'), ('!~'), ('-'), ('+'), ('~~'), ('*'),"
      "  ('%'), ('/'), ('->>'), ('@>')) s(name),"
      " (VALUES ('pg_catalog.text'), ('pg_catalog.name'), ('pg_catalog.oid'), ('bigint'), ('integer'), ('boolean'),"
      "  ('\"char\"'), ('smallint'), ('pg_catalog.pg_lsn'), ('pg_catalog.regclass'), ('xid'), ('pg_catalog.jsonb'),"
      "  ('timestamp with time zone'), ('numeric'), ('pg_catalog.bytea')) l(t),"
      " (VALUES ('pg_catalog.text'), ('pg_catalog.name'), ('pg_catalog.oid'), ('bigint'), ('integer'), ('boolean'),"
      "  ('\"char\"'), ('pg_catalog.pg_lsn'), ('pg_catalog.regclass'), ('smallint'), ('timestamp with time zone'),"
      "  ('numeric'), ('pg_catalog.bytea')) r(t) LOOP"
      " EXECUTE pg_catalog.format('CREATE OR REPLACE FUNCTION public.fooled(%s, %s) RETURNS boolean LANGUAGE plpgsql AS"
      " $f$ BEGIN RAISE EXCEPTION ''somebody used a look-alike''; END $f$', o.lefttype, o.righttype);"
      " EXECUTE pg_catalog.format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.fooled)',"
      " o.name, o.lefttype, o.righttype); END LOOP; END $do$;";
  return sql;
}

std::string hostile_settings(const std::string& name) {
  static constexpr std::array settings{"search_path = public, pg_catalog",
                                       "DateStyle = 'German'",
                                       "IntervalStyle = 'sql_standard'",
                                       "bytea_output = 'escape'",
                                       "extra_float_digits = -5",
                                       "TimeZone = 'Asia/Kolkata'",
                                       "standard_conforming_strings = off",
                                       "backslash_quote = off",
                                       "escape_string_warning = on",
                                       "default_transaction_isolation = 'serializable'",
                                       "default_transaction_deferrable = on",
                                       "row_security = off",
                                       "lc_messages = 'C.utf8'",
                                       "lc_monetary = 'C.utf8'",
                                       "client_encoding = 'LATIN1'",
                                       "statement_timeout = '20s'",
                                       "lock_timeout = '10s'",
                                       "idle_in_transaction_session_timeout = '20s'",
                                       "transform_null_equals = on",
                                       "array_nulls = off",
                                       "quote_all_identifiers = on",
                                       "xmloption = 'document'",
                                       "check_function_bodies = on",
                                       "default_text_search_config = 'pg_catalog.simple'",
                                       "client_min_messages = 'error'",
                                       "plan_cache_mode = 'force_generic_plan'",
                                       "synchronous_commit = off"};
  std::string sql;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    // Half of them by the role in that database, which wins over the database's own.
    const char* whose = i % 2 == 0 ? "ALTER DATABASE {} SET {};" : "ALTER ROLE postgres IN DATABASE {} SET {};";
    sql += fmt::format(fmt::runtime(whose), name, settings[i]);
  }
  return sql;
}

}  // namespace pgmirror::tests
