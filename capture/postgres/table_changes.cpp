#include "capture/postgres/table_changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "capture/postgres/redefinition.hpp"

namespace pgmirror::capture::postgres {
namespace {

using Kind = CatalogEvent::Kind;

std::optional<FollowedTable> wanted(const CatalogTable* table, const config::TableRules& rules) {
  if (table == nullptr) return std::nullopt;
  std::optional<FollowedTable> followed = follow(*table, rules);
  if (followed && followed->following == Following::none) return std::nullopt;
  return followed;
}

bool mirrored(const FollowedTable& table, int column_number) {
  return std::ranges::find(table.column_numbers, column_number) != table.column_numbers.end();
}

/// The stream tells TRUNCATE and every row; what rewrites a table's file besides is either of no consequence or writes
/// the catalog's row of a column.
std::string rewritten(const CatalogTable& before, const CatalogTable& after, const FollowedTable& followed) {
  if (before.leaves == after.leaves) return {};
  std::string reason;
  for (const CatalogColumn& column : after.columns) {
    if (!mirrored(followed, column.number)) continue;
    const CatalogColumn* const old = before.column(column.number);
    if (old == nullptr) return fmt::format("column {} was added with a value for each row", column.name);
    // A rewrite for another column's sake may write this one's catalog row as well.
    if (reason.empty() && old->written_by != column.written_by)
      reason = fmt::format("column {} was rewritten", column.name);
  }
  return reason;
}

std::string partitions_changed(const CatalogTable& before, const CatalogTable& after) {
  const auto find = [](const CatalogTable& table, ObjectId leaf) {
    const auto at = std::ranges::find(table.leaves, leaf, &CatalogLeaf::oid);
    return at == table.leaves.end() ? nullptr : &*at;
  };
  for (const CatalogLeaf& leaf : before.leaves) {
    const CatalogLeaf* const now = find(after, leaf.oid);
    if (now == nullptr) return "a partition was detached or dropped";
    if (now->file != leaf.file) return "a partition was truncated or rewritten";
  }
  for (const CatalogLeaf& leaf : after.leaves) {
    if (find(before, leaf.oid) == nullptr && !leaf.born_as_leaf) return "a table was attached as a partition";
  }
  return {};
}

/// Rows older than the column show the value that its default had when it was added, which may be another one by now.
std::string filled_up(const CatalogTable& before, const CatalogTable& after, const FollowedTable& followed) {
  for (const CatalogColumn& column : after.columns) {
    if (!mirrored(followed, column.number) || before.column(column.number) != nullptr) continue;
    if (std::ranges::find(before.left_out, column.number) != before.left_out.end()) {
      return fmt::format("column {} is mirrored from now on", column.name);
    }
    if (column.missing_value) {
      return fmt::format("column {} was added with a value for the rows that were there", column.name);
    }
  }
  return {};
}

/// The mirror computes such a column by itself, and goes on having what it has computed.
std::string computed_before(const CatalogTable& before, const CatalogTable& after) {
  for (const CatalogColumn& column : after.columns) {
    const CatalogColumn* const former = before.column(column.name);
    if (column.generated || former == nullptr || !former->generated || former->number == column.number) continue;
    return fmt::format("another column, which was computed, was called {}", column.name);
  }
  return {};
}

std::string_view literal_of(std::string_view label) { return label.substr(label.find(' ') + 1); }

/// A label of an enum has the name that another one had: rows of the stream may have come with it before it was told.
bool labels_change_hands(const CatalogPicture& before, const CatalogPicture& after) {
  std::map<ObjectNode, const ScriptedObject*> former;
  for (const ScriptedObject& object : before.objects) {
    if (object.statement.kind == "enum type") former.emplace(object.node, &object);
  }
  return std::ranges::any_of(after.objects, [&](const ScriptedObject& type) {
    const auto known = former.find(type.node);
    if (known == former.end()) return false;
    const std::vector<std::string>& labels = known->second->statement.parts;
    return std::ranges::any_of(type.statement.parts, [&](const std::string& label) {
      return std::ranges::any_of(
          labels, [&](const std::string& other) { return other != label && literal_of(other) == literal_of(label); });
    });
  });
}

/// Types of somebody's own, which may be made of enums.
bool may_hold_labels(const CatalogTable& table) {
  return std::ranges::any_of(table.columns, [](const CatalogColumn& column) { return column.type >= 16384; });
}

/// Between two looks: rows of the stream may have had it under a name that another column has now, and the stream does
/// not number columns.
bool column_came_and_went(const CatalogTable& before, const CatalogTable& after) {
  int last = 0;
  for (const CatalogColumn& column : before.columns) last = std::max(last, column.number);
  for (const int number : before.left_out) last = std::max(last, number);
  const int newest = after.columns.empty() ? 0 : after.columns.back().number;
  for (int number = last + 1; number < newest; ++number) {
    if (after.column(number) == nullptr) return true;
  }
  return false;
}

std::string gap_reason(const CatalogTable& before, const CatalogTable& after, const FollowedTable& followed) {
  std::string reason = after.partitioned ? partitions_changed(before, after) : rewritten(before, after, followed);
  if (reason.empty()) reason = filled_up(before, after, followed);
  if (reason.empty()) reason = computed_before(before, after);
  if (reason.empty() && column_came_and_went(before, after)) reason = "a column was added and dropped again meanwhile";
  return reason;
}

void compare_table(const CatalogTable& before, const FollowedTable& was, const CatalogTable& after,
                   const FollowedTable& is, std::vector<CatalogEvent>& events) {
  bool certain = true;
  if (was.following != is.following) {
    events.push_back({.kind = Kind::following_changed, .table = is, .at_once = true});
  }
  if (*was.relation != *is.relation || was.column_numbers != is.column_numbers) {
    Redefinition change = redefinition(was.relation, was.column_numbers, is.relation, is.column_numbers);
    certain = change.certain;
    if (*was.relation != *is.relation) {
      events.push_back({.kind = Kind::table_redefined, .table = is, .schema = std::move(change.change)});
    }
  }
  std::string reason = gap_reason(before, after, is);
  if (reason.empty() && !certain) reason = "a column was dropped and one of the same name added";
  if (reason.empty()) return;
  events.push_back({.kind = Kind::content_gap, .table = is, .reason = std::move(reason)});
}

}  // namespace

std::vector<CatalogEvent> table_changes(const CatalogPicture& before, const CatalogPicture& after,
                                        const config::TableRules& rules) {
  // What the picture of then has was mirrored, whatever the rules are by now.
  const config::TableRules everything;
  std::vector<CatalogEvent> events;
  for (const CatalogTable& table : before.tables) {
    std::optional<FollowedTable> was = follow(table, everything);
    if (wanted(after.table(table.oid), rules)) continue;
    events.push_back({.kind = Kind::table_disappeared, .table = std::move(*was)});
  }
  const bool relabelled = labels_change_hands(before, after);
  for (const CatalogTable& table : after.tables) {
    std::optional<FollowedTable> is = wanted(&table, rules);
    if (!is) continue;
    const CatalogTable* const old = before.table(table.oid);
    if (old == nullptr) {
      events.push_back({.kind = Kind::table_appeared, .table = std::move(*is), .at_once = true});
      continue;
    }
    compare_table(*old, *follow(*old, everything), table, *is, events);
    if (relabelled && may_hold_labels(table)) {
      events.push_back(
          {.kind = Kind::content_gap, .table = std::move(*is), .reason = "labels of an enum have changed hands"});
    }
  }
  // Names change hands among tables that are defined one after another.
  std::stable_partition(events.begin(), events.end(),
                        [](const CatalogEvent& event) { return event.kind != Kind::content_gap; });
  return events;
}

}  // namespace pgmirror::capture::postgres
