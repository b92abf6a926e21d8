#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "capture/postgres/object_readers.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

struct TablePolicies {
  std::string schema;
  std::string table;
  std::string create;
  std::string drop;
  bool can_stand = true;
};

/// Functions that the expressions of policies call, by table.
std::map<ObjectId, std::vector<ObjectNode>> called_functions(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(
      "SELECT DISTINCT p.polrelid, d.refobjid FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_depend d ON d.objid = "
      "p.oid"
      " AND d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass"
      " AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass ORDER BY 1, 2");
  std::map<ObjectId, std::vector<ObjectNode>> functions;
  for (int row = 0; row < result.rows(); ++row) {
    functions[static_cast<ObjectId>(result.integer(row, 0))].push_back(
        {catalogs::function, static_cast<ObjectId>(result.integer(row, 1))});
  }
  return functions;
}

const char* command_of(char letter) {
  switch (letter) {
    case 'r':
      return "SELECT";
    case 'a':
      return "INSERT";
    case 'w':
      return "UPDATE";
    case 'd':
      return "DELETE";
    default:
      return "ALL";
  }
}

}  // namespace

/// A mirror's table that got the permissive ones without a restrictive one would show more than the source does.
///
/// Every table that we make has its row level security switched on, and on a table of somebody else's it is theirs to
/// switch: neither ENABLE nor FORCE, which would keep its owner from writing, is ever said.
SchemaObjects read_policies(libpq::Connection& connection, const ScriptScope& scope) {
  const libpq::Result result = connection.execute(
      "SELECT p.oid, p.polrelid, n.nspname, c.relname, p.polname, p.polpermissive, p.polcmd,"
      " (SELECT pg_catalog.string_agg(CASE WHEN r.id = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident("
      "   pg_catalog.pg_get_userbyid(r.id)) END, ', ' ORDER BY r.place)"
      "  FROM pg_catalog.unnest(p.polroles) WITH ORDINALITY AS r(id, place)),"
      " pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)"
      " FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid AND c.relrowsecurity"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT c.relispartition ORDER BY p.polname, p.oid");
  std::map<ObjectId, TablePolicies> tables;
  for (int row = 0; row < result.rows(); ++row) {
    const auto oid = static_cast<ObjectId>(result.integer(row, 1));
    if (!scope.has_table(oid)) continue;
    TablePolicies& table = tables[oid];
    table.schema = result.text(row, 2);
    table.table = result.text(row, 3);
    table.can_stand =
        table.can_stand && scope.can_stand({catalogs::policy, static_cast<ObjectId>(result.integer(row, 0))});
    const std::string policy = fmt::format("{} ON {}", libpq::quote_identifier(result.text(row, 4)),
                                           libpq::qualified(table.schema, table.table));
    table.create += fmt::format("{}CREATE POLICY {} AS {} FOR {} TO {}", table.create.empty() ? "" : "; ", policy,
                                result.boolean(row, 5) ? "PERMISSIVE" : "RESTRICTIVE",
                                command_of(result.text(row, 6).front()), result.text(row, 7));
    if (!result.is_null(row, 8)) table.create += fmt::format(" USING ({})", result.text(row, 8));
    if (!result.is_null(row, 9)) table.create += fmt::format(" WITH CHECK ({})", result.text(row, 9));
    table.drop += fmt::format("{}DROP POLICY IF EXISTS {}", table.drop.empty() ? "" : "; ", policy);
  }
  std::map<ObjectId, std::vector<ObjectNode>> needs = called_functions(connection);
  SchemaObjects objects;
  for (auto& [oid, table] : tables) {
    if (!table.can_stand) continue;
    std::vector<ObjectNode>& after = needs[oid];
    after.push_back({catalogs::relation, oid});
    objects.push_back({.node = {},
                       .rank = SchemaObject::Rank::policy,
                       .statement = {.stage = change::SchemaStatement::Stage::after_data,
                                     .kind = "policies",
                                     .schema = std::move(table.schema),
                                     .name = std::move(table.table),
                                     .sql = std::move(table.create)},
                       .after = std::move(after),
                       .table = oid,
                       .undo = std::move(table.drop)});
  }
  return objects;
}

}  // namespace pgmirror::capture::postgres
