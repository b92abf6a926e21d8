#include <fmt/format.h>

#include "capture/postgres/object_readers.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {

/// Materialized views come without data: rows that nobody refreshes would be taken for current ones.
SchemaObjects read_views(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(
      "SELECT c.oid, n.nspname, c.relname, c.relkind = 'm', pg_catalog.pg_get_viewdef(c.oid),"
      " ' WITH (' || pg_catalog.array_to_string(c.reloptions, ', ') || ')',"
      " (SELECT pg_catalog.concat_ws(' ', c.xmin, r.xmin) FROM pg_catalog.pg_rewrite r"
      "  WHERE r.ev_class = c.oid AND r.rulename = '_RETURN')"
      " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE c.oid >= 16384 AND c.relkind IN ('v', 'm') AND n.nspname <> 'pgmirror' AND c.relpersistence <> 't'"
      " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
      "                 AND e.objid = c.oid AND e.deptype = 'e')");
  SchemaObjects objects;
  for (int row = 0; row < result.rows(); ++row) {
    const bool materialized = result.boolean(row, 3);
    std::string_view query = result.text(row, 4);
    if (query.ends_with(';')) query.remove_suffix(1);
    objects.push_back(
        {.node = {catalogs::relation, static_cast<ObjectId>(result.integer(row, 0))},
         .rank = SchemaObject::Rank::view,
         .statement = {.stage = change::SchemaStatement::Stage::after_data,
                       .kind = materialized ? "materialized view" : "view",
                       .schema = std::string(result.text(row, 1)),
                       .name = std::string(result.text(row, 2)),
                       .sql = fmt::format("CREATE {}VIEW {}{} AS{}{}", materialized ? "MATERIALIZED " : "OR REPLACE ",
                                          libpq::qualified(result.text(row, 1), result.text(row, 2)),
                                          materialized ? std::string_view{} : result.text(row, 5), query,
                                          materialized ? " WITH NO DATA" : "")},
         .undo = fmt::format("DROP {}VIEW IF EXISTS {}", materialized ? "MATERIALIZED " : "",
                             libpq::qualified(result.text(row, 1), result.text(row, 2))),
         .written_by = std::string(result.text(row, 6))});
  }
  return objects;
}

}  // namespace pgmirror::capture::postgres
