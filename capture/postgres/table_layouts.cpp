#include "capture/postgres/table_layouts.hpp"

#include <map>
#include <utility>

#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {

SchemaObjects table_layouts(const RelationCatalog& catalog, const ScriptScope& scope, const SchemaObjects& objects) {
  std::map<ObjectId, std::vector<std::string>> parts;
  for (const SchemaObject& object : objects) {
    std::vector<std::string>& of_table = parts[object.table];
    if (object.rank == SchemaObject::Rank::sequence_owner) {
      of_table.push_back("sequence " + libpq::qualified(object.statement.schema, object.statement.name));
    }
    if (object.statement.table.empty()) continue;
    of_table.insert(of_table.end(), object.statement.parts.begin(), object.statement.parts.end());
  }
  SchemaObjects layouts;
  for (const CatalogTable& table : catalog.picture().tables) {
    if (!scope.has_table(table.oid)) continue;
    SchemaObject layout{.node = {},
                        // Before all that makes the parts.
                        .rank = SchemaObject::Rank::schema,
                        .statement = {.stage = change::SchemaStatement::Stage::after_data,
                                      .kind = change::table_layout_kind,
                                      .schema = table.schema,
                                      .name = table.name,
                                      .table = table.name,
                                      .parts = std::move(parts[table.oid])},
                        .after = {{catalogs::relation, table.oid}},
                        .table = table.oid};
    for (const CatalogColumn& column : table.columns) {
      if (scope.has_column(table.oid, column.number)) layout.statement.parts.push_back("column " + column.name);
    }
    layouts.push_back(std::move(layout));
  }
  return layouts;
}

}  // namespace pgmirror::capture::postgres
