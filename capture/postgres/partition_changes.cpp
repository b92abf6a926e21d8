#include "capture/postgres/partition_changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <ranges>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

using change::SchemaStatement;

/// By object identifier, which a table keeps when it becomes a partition or ceases to be one.
using Places = std::map<ObjectId, const ScriptedObject*>;

Places partitions_of(const CatalogPicture& picture) {
  Places places;
  for (const ScriptedObject& object : picture.objects) {
    if (object.statement.kind == "partition") places.emplace(object.node.oid, &object);
  }
  return places;
}

Places tables_of(const CatalogPicture& picture) {
  Places places;
  for (const ScriptedObject& object : picture.objects) {
    if (object.statement.kind == "table") places.emplace(object.node.oid, &object);
  }
  return places;
}

std::string quoted(const ScriptedObject& object) {
  return libpq::qualified(object.statement.schema, object.statement.name);
}

/// What it belongs to, as its statements call it.
std::string parent_of(const ScriptedObject& partition) {
  const std::size_t head = std::string_view("ALTER TABLE ").size();
  return partition.undo.substr(head, partition.undo.size() - head - (" DETACH PARTITION " + quoted(partition)).size());
}

/// ` FOR VALUES ...` or ` DEFAULT`, and how it is partitioned itself.
std::string bounds_of(const ScriptedObject& partition) {
  return partition.statement.sql.substr(
      ("CREATE TABLE " + quoted(partition) + " PARTITION OF " + parent_of(partition)).size());
}

std::string bounds_alone(const ScriptedObject& partition) {
  const std::string bounds = bounds_of(partition);
  return bounds.substr(0, bounds.rfind(" PARTITION BY "));
}

CatalogEvent event(const ScriptedObject& partition, std::string kind, std::string sql) {
  SchemaStatement statement = partition.statement;
  statement.kind = std::move(kind);
  statement.sql = std::move(sql);
  statement.required = false;
  return {.kind = CatalogEvent::Kind::statement, .statement = std::move(statement)};
}

/// The name as the source has it by now, which the statements that follow use.
void follow_name(const ScriptedObject& before, const ScriptedObject& now, std::vector<CatalogEvent>& events) {
  if (before.statement.name != now.statement.name) {
    events.push_back(
        event(now, "renamed partition",
              fmt::format("ALTER TABLE {} RENAME TO {}", quoted(before), libpq::quote_identifier(now.statement.name))));
  }
  if (before.statement.schema != now.statement.schema) {
    events.push_back(
        event(now, "renamed partition",
              fmt::format("ALTER TABLE {} SET SCHEMA {}", libpq::qualified(before.statement.schema, now.statement.name),
                          libpq::quote_identifier(now.statement.schema))));
  }
}

/// What stood for itself stays with its rows, which are compared then; what does not stand in the mirror, a table that
/// was excluded say, is made.
CatalogEvent attaching(const ScriptedObject& partition) {
  const std::string name = quoted(partition);
  const std::string body = fmt::format(
      "DECLARE is_partition pg_catalog.bool := (SELECT relispartition FROM pg_catalog.pg_class"
      " WHERE oid = pg_catalog.to_regclass({})); BEGIN IF is_partition IS NULL THEN {}; ELSIF NOT is_partition THEN"
      " ALTER TABLE {} ATTACH PARTITION {}{}; COMMENT ON TABLE {} IS NULL; END IF; END",
      libpq::quote_literal(name), partition.statement.sql, parent_of(partition), name, bounds_alone(partition), name);
  return event(partition, "partition", "DO " + libpq::quote_literal(body));
}

bool goes_with_another(const ScriptedObject& partition, const Places& then, const Places& now) {
  const std::string parent = parent_of(partition);
  return std::ranges::any_of(
      then, [&](const auto& other) { return !now.contains(other.first) && quoted(*other.second) == parent; });
}

/// The rule that keeps partitions was taken away: the mirror's stay as they are.
bool kept_no_more(const CatalogPicture& after, const Places& partitions, ObjectId root) {
  const CatalogTable* const table = after.table(root);
  return table != nullptr && !table->leaves.empty() &&
         std::ranges::none_of(partitions, [&](const auto& one) { return one.second->table == root; });
}

}  // namespace

PartitionChanges partition_changes(const CatalogPicture& before, const CatalogPicture& after) {
  const Places then = partitions_of(before);
  const Places now = partitions_of(after);
  const Places tables_then = tables_of(before);
  const Places tables_now = tables_of(after);
  PartitionChanges changes;
  for (const auto& [oid, partition] : then) {
    // With its root it stays frozen, or goes.
    if (now.contains(oid) || after.table(partition->table) == nullptr) continue;
    if (kept_no_more(after, now, partition->table) || goes_with_another(*partition, then, now)) continue;
    const auto table = tables_now.find(oid);
    if (table == tables_now.end()) {
      changes.gone.push_back(
          event(*partition, "dropped partition", partition->undo + "; DROP TABLE " + quoted(*partition)));
      continue;
    }
    // As a table of its own it is filled like any new one.
    changes.gone.push_back(
        event(*partition, "detached partition", partition->undo + "; DELETE FROM " + quoted(*partition)));
    follow_name(*partition, *table->second, changes.gone);
  }
  for (const auto& [oid, partition] : now) {
    const auto known = then.find(oid);
    if (known == then.end()) {
      const auto table = tables_then.find(oid);
      // One that was made as a partition is made anyway, unless another one still had its place.
      if (table == tables_then.end() && changes.gone.empty()) continue;
      std::vector<CatalogEvent> events;
      if (table != tables_then.end()) follow_name(*table->second, *partition, events);
      events.push_back(attaching(*partition));
      // Its rows come as those of its new root right away.
      for (CatalogEvent& one : events) one.at_once = table != tables_then.end();
      std::ranges::move(events, std::back_inserter(changes.come));
      continue;
    }
    const ScriptedObject& old = *known->second;
    const bool moved = bounds_of(old) != bounds_of(*partition) || old.table != partition->table;
    if (moved) changes.gone.push_back(event(old, "detached partition", old.undo));
    follow_name(old, *partition, changes.gone);
    if (moved) changes.come.push_back(attaching(*partition));
  }
  return changes;
}

}  // namespace pgmirror::capture::postgres
