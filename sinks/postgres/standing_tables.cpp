#include "sinks/postgres/standing_tables.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "libpq/identifier.hpp"
#include "sinks/postgres/table_match.hpp"

namespace pgmirror::sinks::postgres {

using change::RelationPtr;

StandingTables::StandingTables(libpq::Connection& connection, const SchemaBuilder& builder,
                               const std::vector<RelationPtr>& relations)
    : builder_(builder) {
  const libpq::Result rows = connection.execute(
      "SELECT schema_name, table_name, state <> 'copying' OR created AND copied_at IS NOT NULL, created,"
      " state = 'live' FROM pgmirror.tables WHERE mirror = $1",
      libpq::Parameters{}.text(builder.mirror().name));
  for (int row = 0; row < rows.rows(); ++row) {
    const TableName name{rows.text(row, 0), rows.text(row, 1)};
    if (rows.boolean(row, 2)) followed_.insert(name);
    if (rows.boolean(row, 3)) created_.insert(name);
    any_live_ = any_live_ || rows.boolean(row, 4);
  }
  for (const RelationPtr& relation : relations) look_at(connection, relation);
}

StandingTables::TableName StandingTables::name_of(const change::Relation& relation) const {
  return {builder_.schema_of(relation), libpq::mirror_identifier(relation.name)};
}

void StandingTables::look_at(libpq::Connection& connection, const RelationPtr& relation) {
  const TableName name = name_of(*relation);
  const auto found = catalogs_.find(name.first);
  const MirrorCatalog& catalog =
      found != catalogs_.end()
          ? found->second
          : catalogs_.emplace(name.first, MirrorCatalog::read(connection, name.first)).first->second;
  const CatalogTable* existing = catalog.table(name.second);
  if (existing == nullptr) return;
  tables_.insert(name);
  // The changes on their way will alter it, or the copy will make it anew.
  if (followed_.contains(name)) return;
  const TableMatch match = match_table(relation, name.first, *existing, builder_.mirror());
  if (created_.contains(name)) {
    if (!match.problems.empty() || !match.missing.empty()) outdated_.push_back(relation);
    return;
  }
  std::vector<std::string> problems = match.problems;
  for (const std::size_t position : match.missing) {
    const change::Column& column = relation->columns[position];
    if (std::ranges::find(relation->key, position) != relation->key.end()) {
      problems.push_back(fmt::format("table {}: key column {} is missing in the mirror; add it there",
                                     relation->qualified_name(), column.name));
    } else {
      additions_.push_back(fmt::format("ALTER TABLE {} ADD COLUMN {} {}", match.table.quoted,
                                       libpq::quote_column(column.name), column.declared_type));
    }
  }
  if (!problems.empty()) problems_.emplace(name, std::move(problems));
}

}  // namespace pgmirror::sinks::postgres
