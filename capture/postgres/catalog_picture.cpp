#include "capture/postgres/catalog_picture.hpp"

#include <algorithm>
#include <charconv>

#include "libpq/database_transaction.hpp"

namespace pgmirror::capture::postgres {
namespace {

/// System schemas, temporary tables, the control tables of a mirror, and what an extension makes by itself.
constexpr const char* kept_tables = R"(
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgmirror') AND n.nspname !~ '^pg_(toast|temp)'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND e.objid = c.oid AND e.deptype = 'e'))";

ObjectId object_id(const libpq::Result& result, int row, int column) {
  return static_cast<ObjectId>(result.integer(row, column));
}

/// An int2vector as the server prints it: numbers with spaces between.
std::vector<int> numbers(std::string_view text) {
  std::vector<int> list;
  while (!text.empty()) {
    int number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{}) break;
    list.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  }
  return list;
}

std::vector<CatalogTable> read_tables(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(
      "SELECT c.oid, n.nspname, c.relname, c.relkind = 'p', c.relpersistence = 'u', c.relreplident, "
      "pg_catalog.row_security_active(c.oid),"
      " pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'),"
      " pg_catalog.pg_has_role(c.relowner, 'USAGE'), c.relpages::bigint * 8192, c.relfilenode" +
      std::string(kept_tables) + " ORDER BY c.oid");
  std::vector<CatalogTable> tables;
  for (int row = 0; row < result.rows(); ++row) {
    CatalogTable& table = tables.emplace_back();
    table.oid = object_id(result, row, 0);
    table.schema = result.text(row, 1);
    table.name = result.text(row, 2);
    table.partitioned = result.boolean(row, 3);
    table.unlogged = result.boolean(row, 4);
    table.replica_identity = result.text(row, 5).front();
    table.row_security = result.boolean(row, 6);
    table.readable = result.boolean(row, 7);
    table.owned = result.boolean(row, 8);
    table.bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(0, result.integer(row, 9)));
    if (!table.partitioned) table.leaves = {{.oid = table.oid, .file = object_id(result, row, 10)}};
  }
  return tables;
}

CatalogTable* find(std::vector<CatalogTable>& tables, ObjectId oid) {
  const auto at = std::ranges::lower_bound(tables, oid, {}, &CatalogTable::oid);
  return at == tables.end() || at->oid != oid ? nullptr : &*at;
}

void read_columns(libpq::Connection& connection, std::vector<CatalogTable>& tables) {
  const libpq::Result result = connection.execute(
      "SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, pg_catalog.format_type(a.atttypid, "
      "a.atttypmod),"
      " a.attnotnull, a.attgenerated <> '', pg_catalog.pg_get_expr(d.adbin, d.adrelid),"
      " CASE WHEN a.atthasmissing THEN (a.attmissingval::text::text[])[1] END,"
      " CASE WHEN a.attcollation <> t.typcollation THEN pg_catalog.format('%I.%I', ln.nspname, l.collname) END, a.xmin"
      " FROM pg_catalog.pg_attribute a JOIN (SELECT c.oid" +
      std::string(kept_tables) +
      ") k ON k.oid = a.attrelid"
      " JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
      " LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
      " LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation"
      " LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace"
      " WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum");
  for (int row = 0; row < result.rows(); ++row) {
    CatalogTable* const table = find(tables, object_id(result, row, 0));
    if (table == nullptr) continue;
    CatalogColumn& column = table->columns.emplace_back();
    column.number = static_cast<int>(result.integer(row, 1));
    column.name = result.text(row, 2);
    column.type = object_id(result, row, 3);
    column.modifier = static_cast<int>(result.integer(row, 4));
    column.type_name = result.text(row, 5);
    column.not_null = result.boolean(row, 6);
    column.generated = result.boolean(row, 7);
    if (!result.is_null(row, 8)) column.default_sql = result.text(row, 8);
    if (!result.is_null(row, 9)) column.missing_value = result.text(row, 9);
    if (!result.is_null(row, 10)) column.collation = result.text(row, 10);
    column.written_by = result.text(row, 11);
  }
}

void read_keys(libpq::Connection& connection, std::vector<CatalogTable>& tables) {
  const libpq::Result result = connection.execute(
      "SELECT indrelid, indisprimary, indisreplident, indimmediate,"
      " pg_catalog.array_to_string(indkey[0:indnkeyatts - 1], ' ')"
      " FROM pg_catalog.pg_index WHERE indisvalid AND (indisprimary OR indisreplident)");
  for (int row = 0; row < result.rows(); ++row) {
    CatalogTable* const table = find(tables, object_id(result, row, 0));
    if (table == nullptr) continue;
    if (result.boolean(row, 1)) {
      table->primary_key = numbers(result.text(row, 4));
      table->primary_key_deferred = !result.boolean(row, 3);
    }
    if (result.boolean(row, 2)) table->identity_index = numbers(result.text(row, 4));
  }
}

/// The server asks the leaf, not the root, for an identity before it lets an UPDATE through.
void read_leaves(libpq::Connection& connection, std::vector<CatalogTable>& tables) {
  const libpq::Result result = connection.execute(
      "WITH RECURSIVE tree(root, oid, parent) AS ("
      " SELECT c.oid, c.oid, 0::pg_catalog.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'p' AND NOT "
      "c.relispartition"
      " UNION ALL SELECT t.root, i.inhrelid, i.inhparent FROM tree t"
      " JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid)"
      " SELECT t.root, c.oid, c.relfilenode, c.relreplident, c.relpages::bigint * 8192,"
      " EXISTS (SELECT FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid AND x.indisvalid AND x.indimmediate"
      "         AND CASE WHEN c.relreplident = 'i' THEN x.indisreplident ELSE x.indisprimary END),"
      // ATTACH writes each column's row again, in a later command at least.
      " y.xmin = i.xmin AND EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0"
      "                             AND a.xmin = y.xmin AND a.cmin = y.cmin)"
      " FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.oid AND c.relkind = 'r'"
      " JOIN pg_catalog.pg_type y ON y.oid = c.reltype"
      " JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = t.parent ORDER BY c.oid");
  for (int row = 0; row < result.rows(); ++row) {
    CatalogTable* const table = find(tables, object_id(result, row, 0));
    if (table == nullptr) continue;
    table->leaves.push_back(
        {.oid = object_id(result, row, 1), .file = object_id(result, row, 2), .born_as_leaf = result.boolean(row, 6)});
    const char identity = result.text(row, 3).front();
    const bool has_identity = identity == 'f' || (identity != 'n' && result.boolean(row, 5));
    if (!has_identity) table->identity_in_all_leaves = false;
    table->bytes += static_cast<std::uint64_t>(std::max<std::int64_t>(0, result.integer(row, 4)));
  }
}

/// A partitioned table has no rows of its own, and so no values of those that are older than a column.
void read_missing_values_of_leaves(libpq::Connection& connection, std::vector<CatalogTable>& tables) {
  const libpq::Result result = connection.execute(
      "WITH RECURSIVE tree(root, oid) AS ("
      " SELECT c.oid, c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'p' AND NOT c.relispartition"
      " UNION ALL SELECT t.root, i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid)"
      " SELECT t.root, a.attname, (a.attmissingval::text::text[])[1] FROM tree t"
      " JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.atthasmissing AND NOT a.attisdropped");
  for (int row = 0; row < result.rows(); ++row) {
    CatalogTable* const table = find(tables, object_id(result, row, 0));
    if (table == nullptr) continue;
    const auto column = std::ranges::find(table->columns, result.text(row, 1), &CatalogColumn::name);
    if (column != table->columns.end()) column->missing_value = result.text(row, 2);
  }
}

void read_all(libpq::Connection& connection, CatalogPicture& picture) {
  picture.tables = read_tables(connection);
  read_columns(connection, picture.tables);
  read_keys(connection, picture.tables);
  read_leaves(connection, picture.tables);
  read_missing_values_of_leaves(connection, picture.tables);
  // Read last: whatever the snapshot shows has its commit record before this place.
  const libpq::Result place = connection.execute(
      "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 0 ELSE"
      " pg_catalog.pg_current_wal_insert_lsn() OPERATOR(pg_catalog.-) '0/0'::pg_catalog.pg_lsn END");
  picture.as_of.value = static_cast<std::uint64_t>(place.integer(0, 0));
}

}  // namespace

const CatalogColumn* CatalogTable::column(int number) const {
  const auto at = std::ranges::find(columns, number, &CatalogColumn::number);
  return at == columns.end() ? nullptr : &*at;
}

const CatalogColumn* CatalogTable::column(std::string_view column_name) const {
  const auto at = std::ranges::find(columns, column_name, &CatalogColumn::name);
  return at == columns.end() ? nullptr : &*at;
}

const CatalogTable* CatalogPicture::table(ObjectId oid) const {
  const auto at = std::ranges::lower_bound(tables, oid, {}, &CatalogTable::oid);
  return at == tables.end() || at->oid != oid ? nullptr : &*at;
}

CatalogPicture read_catalog_picture(libpq::Connection& connection) {
  CatalogPicture picture;
  if (connection.in_transaction()) {
    read_all(connection, picture);
    return picture;
  }
  libpq::DatabaseTransaction transaction(connection);
  connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  read_all(connection, picture);
  transaction.commit();
  return picture;
}

}  // namespace pgmirror::capture::postgres
