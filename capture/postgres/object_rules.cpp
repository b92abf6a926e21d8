#include <fmt/format.h>

#include "capture/postgres/object_readers.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {

/// Of tables: disabled as triggers are, since what they do to other tables comes from the source by itself. Of views:
/// as they are, since nobody but an application writes to a view.
SchemaObjects read_rules(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(
      "SELECT c.oid, n.nspname, c.relname, r.rulename, pg_catalog.pg_get_ruledef(r.oid), c.relkind IN ('r', 'p')"
      " FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE r.oid >= 16384 AND r.rulename <> '_RETURN' AND c.relkind IN ('r', 'p', 'v') AND c.relpersistence <> 't'"
      " AND NOT c.relispartition AND n.nspname <> 'pgmirror'"
      " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.deptype = 'e'"
      "  AND e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid) ORDER BY r.oid");
  SchemaObjects objects;
  for (int row = 0; row < result.rows(); ++row) {
    const ObjectNode relation{catalogs::relation, static_cast<ObjectId>(result.integer(row, 0))};
    const bool of_table = result.boolean(row, 5);
    const std::string table = libpq::qualified(result.text(row, 1), result.text(row, 2));
    const std::string name = libpq::quote_identifier(result.text(row, 3));
    std::string sql(result.text(row, 4));
    if (of_table) sql += fmt::format(" ALTER TABLE {} DISABLE RULE {}", table, name);
    objects.push_back({.node = {},
                       .rank = SchemaObject::Rank::trigger,
                       .statement = {.stage = change::SchemaStatement::Stage::after_data,
                                     .kind = "rule",
                                     .schema = std::string(result.text(row, 1)),
                                     .name = fmt::format("{}.{}", result.text(row, 2), result.text(row, 3)),
                                     .sql = std::move(sql)},
                       .after = {relation},
                       .table = of_table ? relation.oid : 0,
                       .undo = fmt::format("DROP RULE IF EXISTS {} ON {}", name, table)});
  }
  return objects;
}

}  // namespace pgmirror::capture::postgres
