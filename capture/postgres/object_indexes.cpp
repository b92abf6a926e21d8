#include <fmt/format.h>

#include "capture/postgres/object_readers.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

constexpr auto after_data = change::SchemaStatement::Stage::after_data;

/// The server writes ON ONLY for an index of a partitioned table; the mirror's has the partitions with it, or none.
std::string without_only(std::string definition, bool unique, std::string_view quoted_name) {
  const std::string head = fmt::format("CREATE {}INDEX {} ON ", unique ? "UNIQUE " : "", quoted_name);
  if (definition.starts_with(head + "ONLY ")) definition.erase(head.size(), 5);
  return definition;
}

}  // namespace

SchemaObjects read_indexes(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(
      "SELECT x.indexrelid, n.nspname, t.relname, c.relname, pg_catalog.pg_get_indexdef(x.indexrelid), x.indisunique,"
      " pg_catalog.quote_ident(c.relname), x.indrelid, t.relkind <> 'm'"
      " FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid"
      " JOIN pg_catalog.pg_class t ON t.oid = x.indrelid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
      " WHERE x.indexrelid >= 16384 AND t.relkind IN ('r', 'p', 'm') AND t.relpersistence <> 't' AND x.indisvalid"
      " AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = x.indexrelid"
      "                 AND k.contype IN ('p', 'u', 'x'))");
  SchemaObjects objects;
  for (int row = 0; row < result.rows(); ++row) {
    SchemaObject index{.node = {catalogs::relation, static_cast<ObjectId>(result.integer(row, 0))},
                       .rank = SchemaObject::Rank::index,
                       .statement = {.stage = after_data,
                                     .kind = "index",
                                     .schema = std::string(result.text(row, 1)),
                                     .name = fmt::format("{}.{}", result.text(row, 2), result.text(row, 3)),
                                     .sql = without_only(std::string(result.text(row, 4)), result.boolean(row, 5),
                                                         result.text(row, 6))},
                       // One over expressions alone has no column to need.
                       .after = {{catalogs::relation, static_cast<ObjectId>(result.integer(row, 7))}},
                       .table = static_cast<ObjectId>(result.integer(row, 7)),
                       .undo = "DROP INDEX IF EXISTS " + libpq::qualified(result.text(row, 1), result.text(row, 3))};
    if (result.boolean(row, 8)) {
      index.statement.table = result.text(row, 2);
      index.statement.parts = {fmt::format("index {}", result.text(row, 3))};
    }
    objects.push_back(std::move(index));
  }
  return objects;
}

/// As the source has them: with triggers what identifies rows for us is something else.
SchemaObjects replica_identities(libpq::Connection& connection, const RelationCatalog& catalog) {
  const libpq::Result result = connection.execute(
      "SELECT t.oid, t.relreplident, c.relname, c.oid, coalesce(k.oid, 0) FROM pg_catalog.pg_class t"
      " LEFT JOIN pg_catalog.pg_index x ON x.indrelid = t.oid AND x.indisreplident AND t.relreplident = 'i'"
      " LEFT JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid"
      " LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')"
      " WHERE t.oid >= 16384 AND t.relkind IN ('r', 'p') AND t.relreplident <> 'd'");
  SchemaObjects objects;
  for (int row = 0; row < result.rows(); ++row) {
    const FollowedTable* const followed = catalog.followed(static_cast<ObjectId>(result.integer(row, 0)));
    if (followed == nullptr) continue;
    const CatalogTable& table = *catalog.picture().table(followed->oid);
    // An index that was dropped leaves nothing.
    std::string identity = result.text(row, 1) == "f" ? "FULL" : "NOTHING";
    std::vector<ObjectNode> after{{catalogs::relation, table.oid}};
    if (!result.is_null(row, 3)) {
      identity = "USING INDEX " + libpq::quote_identifier(result.text(row, 2));
      const auto constraint = static_cast<ObjectId>(result.integer(row, 4));
      after.push_back(constraint != 0 ? ObjectNode{catalogs::constraint, constraint}
                                      : ObjectNode{catalogs::relation, static_cast<ObjectId>(result.integer(row, 3))});
    }
    objects.push_back({.node = {},
                       .rank = SchemaObject::Rank::replica_identity,
                       .statement = {.stage = after_data,
                                     .kind = "replica identity",
                                     .schema = table.schema,
                                     .name = table.name,
                                     .sql = fmt::format("ALTER TABLE ONLY {} REPLICA IDENTITY {}",
                                                        libpq::qualified(table.schema, table.name), identity),
                                     .table = table.name,
                                     .parts = {"replica identity"}},
                       .after = std::move(after),
                       .table = table.oid});
  }
  return objects;
}

SchemaObjects read_statistics(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(
      "SELECT s.oid, n.nspname, s.stxname, pg_catalog.pg_get_statisticsobjdef(s.oid)"
      " FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace");
  SchemaObjects objects;
  for (int row = 0; row < result.rows(); ++row) {
    objects.push_back(
        {.node = {catalogs::statistics, static_cast<ObjectId>(result.integer(row, 0))},
         .rank = SchemaObject::Rank::statistics,
         .statement = {.stage = after_data,
                       .kind = "statistics object",
                       .schema = std::string(result.text(row, 1)),
                       .name = std::string(result.text(row, 2)),
                       .sql = std::string(result.text(row, 3))},
         .undo = "DROP STATISTICS IF EXISTS " + libpq::qualified(result.text(row, 1), result.text(row, 2))});
  }
  return objects;
}

}  // namespace pgmirror::capture::postgres
