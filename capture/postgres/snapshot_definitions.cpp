#include "capture/postgres/snapshot_definitions.hpp"

#include <algorithm>
#include <utility>

#include "capture/postgres/event_writing.hpp"
#include "capture/postgres/redefinition.hpp"

namespace pgmirror::capture::postgres {
namespace {

bool called_otherwise(const StreamedRelation& told, const FollowedTable& table) {
  const change::Relation& before = *told.relation;
  if (before == *table.relation) return false;
  if (before.schema != table.relation->schema || before.name != table.relation->name) return true;
  const Redefinition change = redefinition(told.relation, told.column_numbers, table.relation, table.column_numbers);
  return !change.change.renamed_columns.empty();
}

}  // namespace

SnapshotDefinitions::SnapshotDefinitions(change::Position position, const std::vector<FollowedTable>& tables)
    : position_(position) {
  std::ranges::copy_if(tables, std::back_inserter(tables_),
                       [](const FollowedTable& table) { return table.following != Following::none; });
}

void SnapshotDefinitions::tell(StreamRelations& relations, change::TransactionWriter& writer) const {
  for (const FollowedTable& table : tables_) {
    const StreamRelations::Told* const known = relations.as_told(table.oid);
    if (known == nullptr || !called_otherwise(known->relation, table)) continue;
    // That the table is gone which has the name in the queue is told by the catalog.
    const auto holder = relations.holder_of_name(*table.relation, table.oid);
    if (holder && !is_of_snapshot(*holder)) continue;
    write_event({.kind = CatalogEvent::Kind::table_redefined, .table = table}, position_, relations, writer);
  }
}

void SnapshotDefinitions::compare(const StreamRelations& relations) {
  std::set<std::string> untold;
  for (const FollowedTable& table : tables_) {
    const StreamRelations::Told* const known = relations.as_told(table.oid);
    const bool other = known != nullptr && called_otherwise(known->relation, table);
    if (other || relations.told_since(table.oid, position_) || relations.holder_of_name(*table.relation, table.oid))
      untold.insert(table.relation->qualified_name());
  }
  const std::lock_guard lock(mutex_);
  untold_ = std::move(untold);
}

std::set<std::string> SnapshotDefinitions::untold() const {
  const std::lock_guard lock(mutex_);
  if (untold_) return *untold_;
  std::set<std::string> all;
  for (const FollowedTable& table : tables_) all.insert(table.relation->qualified_name());
  return all;
}

bool SnapshotDefinitions::is_of_snapshot(ObjectId table) const {
  return std::ranges::find(tables_, table, &FollowedTable::oid) != tables_.end();
}

}  // namespace pgmirror::capture::postgres
