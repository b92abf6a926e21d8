#include <fmt/format.h>

#include "capture/postgres/object_readers.hpp"
#include "capture/postgres/server_versions.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
std::string column_storage_sql(int server_version) {
  const char* const compression =
      server_version >= since::column_compression
          ? " || CASE a.attcompression WHEN 'l' THEN pg_catalog.format(', ALTER COLUMN %I SET COMPRESSION lz4',"
            " a.attname) WHEN 'p' THEN pg_catalog.format(', ALTER COLUMN %I SET COMPRESSION pglz', a.attname) ELSE ''"
            " END"
          : "";
  return fmt::format(
      "SELECT a.attrelid, a.attnum, CASE WHEN a.attstorage <> t.typstorage THEN"
      "  pg_catalog.format(', ALTER COLUMN %I SET STORAGE %s', a.attname, CASE a.attstorage WHEN 'p' THEN 'PLAIN'"
      "   WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END) ELSE '' END"
      " || CASE WHEN coalesce(a.attstattarget, -1) >= 0 THEN"
      "  pg_catalog.format(', ALTER COLUMN %I SET STATISTICS %s', a.attname, a.attstattarget) ELSE '' END"
      // Other options are what a server notes for itself: nobody could set them.
      " || coalesce((SELECT pg_catalog.format(', ALTER COLUMN %I SET (%s)', a.attname, pg_catalog.string_agg(o.item, "
      "', '))"
      "  FROM pg_catalog.unnest(a.attoptions) o(item) WHERE o.item ~ '^n_distinct' HAVING pg_catalog.count(*) > 0), "
      "''){}"
      " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
      " JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')"
      " WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2",
      compression);
}

/// Table spaces are the server's, and left out.
SchemaObjects read_storage(libpq::Connection& connection, const ScriptScope& scope, const RelationCatalog& catalog) {
  std::map<ObjectId, std::string> actions;
  const libpq::Result tables = connection.execute(
      "SELECT c.oid, pg_catalog.array_to_string(ARRAY(SELECT pg_catalog.format('%I = %L', o.option_name, "
      "o.option_value)"
      "   FROM pg_catalog.pg_options_to_table(c.reloptions) o UNION ALL"
      "  SELECT pg_catalog.format('toast.%I = %L', o.option_name, o.option_value)"
      "   FROM pg_catalog.pg_class s, LATERAL pg_catalog.pg_options_to_table(s.reloptions) o"
      "   WHERE s.oid = c.reltoastrelid), ', ')"
      " FROM pg_catalog.pg_class c WHERE c.oid >= 16384 AND c.relkind = 'r'");
  for (int row = 0; row < tables.rows(); ++row) {
    if (tables.text(row, 1).empty()) continue;
    actions[static_cast<ObjectId>(tables.integer(row, 0))] = fmt::format(", SET ({})", tables.text(row, 1));
  }
  const libpq::Result columns = connection.execute(column_storage_sql(connection.server_version()));
  for (int row = 0; row < columns.rows(); ++row) {
    const auto table = static_cast<ObjectId>(columns.integer(row, 0));
    if (columns.text(row, 2).empty() || !scope.has_column(table, static_cast<int>(columns.integer(row, 1)))) continue;
    actions[table] += columns.text(row, 2);
  }
  SchemaObjects objects;
  for (const CatalogTable& table : catalog.picture().tables) {
    const auto of_table = actions.find(table.oid);
    if (of_table == actions.end() || !scope.has_table(table.oid)) continue;
    objects.push_back({.node = {},
                       .rank = SchemaObject::Rank::column_default,
                       .statement = {.stage = change::SchemaStatement::Stage::after_data,
                                     .kind = "storage",
                                     .schema = table.schema,
                                     .name = table.name,
                                     .sql = fmt::format("ALTER TABLE {} {}", libpq::qualified(table.schema, table.name),
                                                        of_table->second.substr(2))},
                       .after = {{catalogs::relation, table.oid}},
                       .table = table.oid});
  }
  return objects;
}

}  // namespace pgmirror::capture::postgres
