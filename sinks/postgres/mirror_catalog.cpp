#include "sinks/postgres/mirror_catalog.hpp"

#include <algorithm>

namespace pgmirror::sinks::postgres {
namespace {

/// Types are printed with their schemas, as a source's declared types are.
constexpr const char* columns_sql = R"sql(
WITH path AS MATERIALIZED (SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
                     pg_catalog.set_config('quote_all_identifiers', 'off', true))
SELECT c.relname, c.relkind, a.attname, a.atttypid, a.atttypmod, pg_catalog.format_type(a.atttypid, a.atttypmod),
       a.attnotnull, a.atthasdef OR a.attidentity <> '', a.attgenerated <> '', a.attidentity = 'a',
       (SELECT pg_catalog.format('OPERATOR(%I.%s)', s.nspname, o.oprname)
          FROM pg_catalog.pg_opclass k
          JOIN pg_catalog.pg_am m ON m.oid = k.opcmethod AND m.amname = 'btree'
          JOIN pg_catalog.pg_amop p ON p.amopfamily = k.opcfamily AND p.amoplefttype = k.opcintype
                                   AND p.amoprighttype = k.opcintype AND p.amopstrategy = 3
          JOIN pg_catalog.pg_operator o ON o.oid = p.amopopr
          JOIN pg_catalog.pg_namespace s ON s.oid = o.oprnamespace
         WHERE k.opcintype = b.oid AND k.opcdefault AND s.nspname <> 'pg_catalog'),
       a.attcollation IN (0, 100, 950), -- the database's own and "C" (pg_collation.dat); NULL without columns
       CASE WHEN b.oid <> a.atttypid AND b.typtype = 'e' THEN pg_catalog.format_type(b.oid, NULL) END
  FROM path
 CROSS JOIN pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN LATERAL (
    WITH RECURSIVE domains AS (
      SELECT t.oid, t.typtype, t.typbasetype FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
      UNION ALL
      SELECT t.oid, t.typtype, t.typbasetype FROM domains d JOIN pg_catalog.pg_type t ON t.oid = d.typbasetype
       WHERE d.typtype = 'd')
    SELECT oid, typtype FROM domains WHERE typtype <> 'd') AS b ON true
 WHERE n.nspname = $1 AND ($2::text IS NULL OR c.relname = $2) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
 ORDER BY c.relname, a.attnum)sql";

constexpr const char* indexes_sql = R"sql(
SELECT c.relname, i.relname, coalesce(a.attname, ''), x.indisprimary, x.indisunique, x.indpred IS NOT NULL,
       x.indimmediate, x.indisvalid
  FROM pg_catalog.pg_index x
  JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL pg_catalog.unnest(x.indkey::smallint[]) WITH ORDINALITY AS k(attnum, place)
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum AND k.attnum > 0
 WHERE n.nspname = $1 AND ($2::text IS NULL OR c.relname = $2) AND k.place <= x.indnkeyatts
 ORDER BY c.relname, i.relname, k.place)sql";

/// Tables with the names of their foreign keys, and NULL for whatever else makes a row of theirs affect others; and
/// tables whose row security counts for us.
constexpr const char* effects_sql = R"sql(
WITH t AS (
  SELECT c.oid, c.relname, c.relhassubclass FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND ($2::text IS NULL OR c.relname = $2))
SELECT t.relname, CASE f.contype WHEN 'f' THEN f.conname END, false
  FROM t JOIN pg_catalog.pg_constraint f ON f.conrelid = t.oid WHERE f.contype IN ('f', 'x')
UNION ALL
SELECT t.relname, NULL, false FROM t WHERE t.relhassubclass
UNION ALL
SELECT t.relname, NULL, false FROM t JOIN pg_catalog.pg_trigger g ON g.tgrelid = t.oid WHERE g.tgenabled IN ('R', 'A')
UNION ALL
SELECT t.relname, NULL, false FROM t JOIN pg_catalog.pg_rewrite w ON w.ev_class = t.oid WHERE w.ev_enabled IN ('R', 'A')
UNION ALL
SELECT t.relname, NULL, true FROM t WHERE pg_catalog.row_security_active(t.oid))sql";

libpq::Parameters names(const std::string& schema, const std::optional<std::string>& table) {
  constexpr Oid text_type = 25;
  libpq::Parameters parameters;
  parameters.text(schema, text_type);
  if (table) parameters.text(*table, text_type);
  if (!table) parameters.null(text_type);
  return parameters;
}

CatalogColumn column_at(const libpq::Result& result, int row) {
  CatalogColumn column;
  column.name = result.text(row, 2);
  column.type.oid = static_cast<TypeOid>(result.integer(row, 3));
  column.type.modifier = static_cast<int>(result.integer(row, 4));
  column.type.sql = result.text(row, 5);
  column.not_null = result.boolean(row, 6);
  column.has_default = result.boolean(row, 7);
  column.generated = result.boolean(row, 8);
  column.identity_always = result.boolean(row, 9);
  if (!result.is_null(row, 10)) column.equal = result.text(row, 10);
  column.told_apart_by_bytes = result.boolean(row, 11);
  if (!result.is_null(row, 12)) column.compared_as = result.text(row, 12);
  return column;
}

CatalogIndex index_at(const libpq::Result& result, int row) {
  CatalogIndex index;
  index.name = result.text(row, 1);
  index.primary = result.boolean(row, 3);
  index.unique = result.boolean(row, 4);
  index.partial = result.boolean(row, 5);
  index.immediate = result.boolean(row, 6);
  index.valid = result.boolean(row, 7);
  return index;
}

}  // namespace

bool CatalogIndex::identifies(const std::vector<std::string>& key) const {
  return unique && !partial && immediate && valid && std::ranges::is_permutation(columns, key);
}

const CatalogColumn* CatalogTable::column(std::string_view name) const {
  const auto found = std::ranges::find(columns, name, &CatalogColumn::name);
  return found == columns.end() ? nullptr : &*found;
}

MirrorCatalog MirrorCatalog::read(libpq::Connection& connection, const std::string& schema,
                                  const std::optional<std::string>& table) {
  MirrorCatalog catalog;
  const libpq::Parameters which = names(schema, table);
  const libpq::Parameters schema_only = libpq::Parameters::texts({schema});
  const auto answers = connection.execute_together(
      {{.sql = "SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1", .parameters = schema_only},
       {.sql = columns_sql, .parameters = which},
       {.sql = indexes_sql, .parameters = which},
       {.sql = effects_sql, .parameters = which}});
  catalog.has_schema_ = answers[0].rows() == 1;
  const libpq::Result& columns = answers[1];
  for (int row = 0; row < columns.rows(); ++row) {
    CatalogTable& entry = catalog.tables_[std::string(columns.text(row, 0))];
    entry.kind = columns.text(row, 1).front();
    if (!columns.is_null(row, 2)) entry.columns.push_back(column_at(columns, row));
  }
  const libpq::Result& indexes = answers[2];
  for (int row = 0; row < indexes.rows(); ++row) {
    auto& of_table = catalog.tables_[std::string(indexes.text(row, 0))].indexes;
    if (of_table.empty() || of_table.back().name != indexes.text(row, 1)) of_table.push_back(index_at(indexes, row));
    of_table.back().columns.emplace_back(indexes.text(row, 2));
  }
  const libpq::Result& effects = answers[3];
  for (int row = 0; row < effects.rows(); ++row) {
    CatalogTable& entry = catalog.tables_[std::string(effects.text(row, 0))];
    if (effects.boolean(row, 2)) {
      entry.takes_copy = false;
    } else if (effects.is_null(row, 1)) {
      entry.rows_affect_others = true;
    } else {
      entry.foreign_keys.emplace_back(effects.text(row, 1));
    }
  }
  return catalog;
}

const CatalogTable* MirrorCatalog::table(std::string_view name) const {
  const auto found = tables_.find(name);
  return found == tables_.end() ? nullptr : &found->second;
}

}  // namespace pgmirror::sinks::postgres
