#include "capture/postgres/script_scope.hpp"

#include <algorithm>

namespace pgmirror::capture::postgres {

ScriptScope::ScriptScope(libpq::Connection& connection, const RelationCatalog& catalog,
                         const ObjectDependencies& dependencies, bool views)
    : dependencies_(dependencies) {
  for (const FollowedTable& table : catalog.followed()) {
    if (table.following == Following::none) continue;
    std::set<int>& columns = columns_[table.oid];
    columns.insert(table.column_numbers.begin(), table.column_numbers.end());
    const CatalogTable& source = *catalog.picture().table(table.oid);
    for (const CatalogColumn& column : source.columns) {
      if (!column.generated || !catalog.rules().includes_column(source.schema, source.name, column.name)) continue;
      const auto& needs = dependencies.of({catalogs::relation, table.oid});
      const bool computable = std::ranges::all_of(needs, [&](const ObjectDependencies::Need& need) {
        return need.own_column != column.number || need.object.oid != table.oid || need.column == column.number ||
               catalog.mirrors(table.oid, need.column);
      });
      if (computable) columns.insert(column.number);
      generated_.emplace(table.oid, column.number);
    }
  }
  const libpq::Result relations = connection.execute(
      "SELECT oid, relkind IN ('v', 'm') FROM pg_catalog.pg_class"
      " WHERE oid >= 16384 AND relkind IN ('r', 'p', 'f', 'v', 'm')");
  for (int row = 0; row < relations.rows(); ++row) {
    const auto oid = static_cast<ObjectId>(relations.integer(row, 0));
    const bool stands = relations.boolean(row, 1) ? views : columns_.contains(oid);
    if (!stands) left_out_.insert(oid);
  }
}

bool ScriptScope::has_column(ObjectId table, int column) const {
  const auto at = columns_.find(table);
  return at != columns_.end() && at->second.contains(column);
}

std::vector<ObjectNode> ScriptScope::default_functions(ObjectId table, int column) const {
  std::vector<ObjectNode> functions;
  if (generated_.contains({table, column})) return functions;
  for (const ObjectDependencies::Need& need : dependencies_.of({catalogs::relation, table})) {
    if (need.own_column == column && need.object.catalog == catalogs::function) functions.push_back(need.object);
  }
  return functions;
}

bool ScriptScope::can_stand(ObjectNode object) const {
  if (dependencies_.extension_of(object)) return true;
  if (object.catalog == catalogs::relation) {
    if (left_out_.contains(object.oid)) return false;
    if (has_table(object.oid)) return true;
  }
  // An object that needs itself by way of others can stand if the others can.
  const auto [known, is_new] = known_.try_emplace(object, true);
  if (is_new) known->second = needs_can_stand(object);
  return known->second;
}

bool ScriptScope::needs_can_stand(ObjectNode object) const {
  return std::ranges::all_of(dependencies_.of(object), [this](const ObjectDependencies::Need& need) {
    if (need.column > 0 && need.object.catalog == catalogs::relation && has_table(need.object.oid)) {
      return has_column(need.object.oid, need.column);
    }
    return can_stand(need.object);
  });
}

}  // namespace pgmirror::capture::postgres
