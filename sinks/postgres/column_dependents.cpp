#include "sinks/postgres/column_dependents.hpp"

#include <fmt/format.h>

namespace pgmirror::sinks::postgres {
namespace {

/// $1 schema, $2 table, $3 column.
constexpr const char* sequences_sql = R"sql(
SELECT d.objid::pg_catalog.regclass
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = $3
  JOIN pg_catalog.pg_depend d ON d.refobjid = c.oid AND d.refobjsubid = a.attnum AND d.deptype = 'a'
   AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
   AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
 WHERE n.nspname = $1 AND c.relname = $2)sql";

/// $4 mirror. Those that are over others first.
constexpr const char* views_sql = R"sql(
WITH RECURSIVE over(oid, depth) AS (
  SELECT w.ev_class, 1
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = $3
    JOIN pg_catalog.pg_depend d ON d.refobjid = c.oid AND d.refobjsubid = a.attnum
     AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND w.ev_class <> c.oid
   WHERE n.nspname = $1 AND c.relname = $2
  UNION
  SELECT w.ev_class, o.depth + 1
    FROM over o JOIN pg_catalog.pg_depend d ON d.refobjid = o.oid
     AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND w.ev_class <> o.oid
   WHERE o.depth < 100)
SELECT pg_catalog.format('DROP %s IF EXISTS %I.%I',
         CASE v.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, n.nspname, v.relname), v.relname
  FROM over o JOIN pg_catalog.pg_class v ON v.oid = o.oid AND v.relkind IN ('v', 'm')
  JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace
 WHERE EXISTS (SELECT FROM pgmirror.schema_history h WHERE h.mirror = $4 AND h.reason IN
   (pg_catalog.format('view %s of the source', v.relname),
    pg_catalog.format('materialized view %s of the source', v.relname)))
 GROUP BY v.relkind, n.nspname, v.relname ORDER BY pg_catalog.max(o.depth) DESC)sql";

}  // namespace

void release_column(SchemaRecord& record, const std::string& schema, const std::string& table,
                    const std::string& column) {
  const libpq::Result sequences =
      record.connection().execute(sequences_sql, libpq::Parameters::texts({schema, table, column}));
  for (int row = 0; row < sequences.rows(); ++row) {
    record.attempt(fmt::format("sequence {}", sequences.text(row, 0)),
                   fmt::format("ALTER SEQUENCE {} OWNED BY NONE", sequences.text(row, 0)),
                   fmt::format("column {} of table {} goes, its sequence stays", column, table));
  }
  const libpq::Result views =
      record.connection().execute(views_sql, libpq::Parameters::texts({schema, table, column, record.mirror()}));
  for (int row = 0; row < views.rows(); ++row) {
    record.attempt(fmt::format("view {}", views.text(row, 1)), std::string(views.text(row, 0)),
                   fmt::format("view {} shows column {} of table {}, which is another one at the source",
                               views.text(row, 1), column, table));
  }
}

}  // namespace pgmirror::sinks::postgres
