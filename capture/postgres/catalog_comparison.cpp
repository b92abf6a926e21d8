#include "capture/postgres/catalog_comparison.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

#include "capture/postgres/object_changes.hpp"
#include "capture/postgres/table_changes.hpp"

namespace pgmirror::capture::postgres {
namespace {

bool mirrored(const CatalogTable& table, const config::TableRules& rules) {
  const std::optional<FollowedTable> followed = follow(table, rules);
  return followed && followed->following != Following::none;
}

bool called_otherwise(const CatalogTable& before, const CatalogTable& after) {
  if (before.schema != after.schema || before.name != after.name) return true;
  return std::ranges::any_of(after.columns, [&](const CatalogColumn& column) {
    const CatalogColumn* const old = before.column(column.number);
    return old != nullptr && old->name != column.name;
  });
}

}  // namespace

CatalogPicture as_mirrored(const CatalogPicture& picture, const config::TableRules& rules) {
  CatalogPicture kept = picture;
  std::erase_if(kept.tables, [&](const CatalogTable& table) { return !mirrored(table, rules); });
  for (CatalogTable& table : kept.tables) {
    std::erase_if(table.columns, [&](const CatalogColumn& column) {
      const bool wanted = rules.includes_column(table.schema, table.name, column.name);
      if (!wanted) table.left_out.push_back(column.number);
      return !wanted;
    });
  }
  return kept;
}

std::vector<CatalogEvent> compare(const CatalogPicture& before, const CatalogPicture& after,
                                  const config::TableRules& rules) {
  std::set<ObjectId> kept;
  std::set<ObjectId> renamed;
  for (const CatalogTable& table : after.tables) {
    const CatalogTable* const old = before.table(table.oid);
    if (old == nullptr || !mirrored(table, rules)) continue;
    kept.insert(table.oid);
    if (called_otherwise(*old, table)) renamed.insert(table.oid);
  }
  ObjectChanges objects = object_changes(before, after, kept, renamed);
  std::vector<CatalogEvent> events = std::move(objects.gone);
  std::ranges::move(objects.for_rows, std::back_inserter(events));
  std::vector<CatalogEvent> tables = table_changes(before, after, rules);
  // A name has to be free before another table takes it, and a table to stand before its rows come.
  const auto appeared = std::ranges::stable_partition(
      tables, [](const CatalogEvent& event) { return event.kind != CatalogEvent::Kind::table_appeared; });
  std::move(tables.begin(), appeared.begin(), std::back_inserter(events));
  std::ranges::move(objects.tables, std::back_inserter(events));
  std::move(appeared.begin(), appeared.end(), std::back_inserter(events));
  std::ranges::move(objects.layouts, std::back_inserter(events));
  std::ranges::move(objects.over_rows, std::back_inserter(events));
  return events;
}

}  // namespace pgmirror::capture::postgres
