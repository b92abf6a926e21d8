#include <fmt/format.h>

#include "capture/postgres/object_readers.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {

/// Bodies may name tables that come later, or that are not mirrored: they are not looked into. Aggregates have no
/// deparser.
SchemaObjects read_functions(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(
      "SELECT p.oid, n.nspname, p.proname, CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,"
      " pg_catalog.pg_get_functiondef(p.oid), pg_catalog.pg_get_function_identity_arguments(p.oid)"
      " FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
      " JOIN pg_catalog.pg_language l ON l.oid = p.prolang"
      " WHERE p.oid >= 16384 AND p.prokind IN ('f', 'p') AND l.lanname NOT IN ('c', 'internal')"
      " AND n.nspname <> 'pgmirror' AND n.nspname !~ '^pg_temp'"
      " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass"
      "                 AND e.objid = p.oid AND e.deptype = 'e')");
  SchemaObjects objects;
  for (int row = 0; row < result.rows(); ++row) {
    objects.push_back(
        {.node = {catalogs::function, static_cast<ObjectId>(result.integer(row, 0))},
         .rank = SchemaObject::Rank::function,
         .statement = {.stage = change::SchemaStatement::Stage::after_data,
                       .kind = std::string(result.text(row, 3)),
                       .schema = std::string(result.text(row, 1)),
                       .name = fmt::format("{}({})", result.text(row, 2), result.text(row, 5)),
                       .sql = fmt::format("SET LOCAL check_function_bodies = off; {}", result.text(row, 4))},
         .undo = fmt::format("DROP ROUTINE IF EXISTS {}({})",
                             libpq::qualified(result.text(row, 1), result.text(row, 2)), result.text(row, 5))});
  }
  return objects;
}

/// The mirror holds what triggers did at the source already; they wait for the day on which an application writes to
/// the mirror.
SchemaObjects read_triggers(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(
      "SELECT t.oid, n.nspname, c.relname, t.tgname, pg_catalog.pg_get_triggerdef(t.oid), t.tgrelid"
      " FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid"
      " WHERE t.oid >= 16384 AND NOT t.tgisinternal AND c.relkind IN ('r', 'p')"
      " AND p.pronamespace NOT IN (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'pgmirror')");
  SchemaObjects objects;
  for (int row = 0; row < result.rows(); ++row) {
    objects.push_back(
        {.node = {catalogs::trigger, static_cast<ObjectId>(result.integer(row, 0))},
         .rank = SchemaObject::Rank::trigger,
         .statement = {.stage = change::SchemaStatement::Stage::after_data,
                       .kind = "trigger",
                       .schema = std::string(result.text(row, 1)),
                       .name = fmt::format("{}.{}", result.text(row, 2), result.text(row, 3)),
                       .sql = fmt::format("{}; ALTER TABLE {} DISABLE TRIGGER {}", result.text(row, 4),
                                          libpq::qualified(result.text(row, 1), result.text(row, 2)),
                                          libpq::quote_identifier(result.text(row, 3)))},
         .table = static_cast<ObjectId>(result.integer(row, 5)),
         .undo = fmt::format("DROP TRIGGER IF EXISTS {} ON {}", libpq::quote_identifier(result.text(row, 3)),
                             libpq::qualified(result.text(row, 1), result.text(row, 2)))});
  }
  return objects;
}

}  // namespace pgmirror::capture::postgres
