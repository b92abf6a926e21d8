#include "capture/postgres/layout_changes.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

using change::SchemaStatement;

constexpr std::string_view constraint_part = "constraint ";
constexpr std::string_view index_part = "index ";

/// By the key of the part; the layout's own is empty.
using Layout = std::map<std::string, const ScriptedObject*>;

std::map<ObjectId, Layout> layouts_of(const CatalogPicture& picture, const std::set<ObjectId>& tables) {
  std::map<ObjectId, Layout> layouts;
  for (const ScriptedObject& object : picture.objects) {
    if (!of_layout(object) || !tables.contains(object.table)) continue;
    const bool whole = object.statement.kind == change::table_layout_kind;
    layouts[object.table].emplace(whole ? std::string{} : object.statement.parts.front(), &object);
  }
  return layouts;
}

bool same(const Layout& before, const Layout& after) {
  return before.size() == after.size() &&
         std::equal(before.begin(), before.end(), after.begin(), [](const auto& left, const auto& right) {
           return left.first == right.first && left.second->node == right.second->node &&
                  left.second->statement == right.second->statement;
         });
}

bool refuses_rows(std::string_view key) { return key.starts_with(constraint_part) || key.starts_with(index_part); }

const ScriptedObject* same_object(const ScriptedObject& object, const Layout& layout) {
  if (object.node.oid == 0) return nullptr;
  for (const auto& [key, other] : layout) {
    if (other->node == object.node) return other;
  }
  return nullptr;
}

/// The table has its name of now by then.
SchemaStatement renaming(const ScriptedObject& before, const ScriptedObject& after) {
  SchemaStatement statement = after.statement;
  const std::string& was = before.statement.parts.front();
  const std::string& is = after.statement.parts.front();
  const bool index = is.starts_with(index_part);
  const std::string_view part = index ? index_part : constraint_part;
  const std::string from = was.substr(part.size());
  const std::string to = libpq::quote_identifier(is.substr(part.size()));
  statement.kind = "renamed " + statement.kind;
  statement.required = false;
  statement.parts = {was, is};
  statement.sql = index ? "ALTER INDEX IF EXISTS " + libpq::qualified(statement.schema, from) + " RENAME TO " + to
                        : "ALTER TABLE " + libpq::qualified(statement.schema, statement.table) + " RENAME CONSTRAINT " +
                              libpq::quote_identifier(from) + " TO " + to;
  return statement;
}

CatalogEvent event_of(ObjectId table, SchemaStatement statement, bool at_once = false) {
  return {.kind = CatalogEvent::Kind::statement,
          .table = {.oid = table},
          .statement = std::move(statement),
          .at_once = at_once};
}

void compare(ObjectId table, const Layout& before, const Layout& after, LayoutChanges& changes) {
  for (const auto& [key, object] : before) {
    if (!refuses_rows(key)) continue;
    const ScriptedObject* const now = same_object(*object, after);
    if (now == nullptr) {
      SchemaStatement statement = object->statement;
      statement.kind = "dropped " + statement.kind;
      statement.sql = object->undo;
      statement.required = false;
      // It is not the part that the mirror is to look for.
      statement.table.clear();
      statement.parts.clear();
      changes.gone.push_back(event_of(0, std::move(statement), true));
    } else if (now->statement.parts != object->statement.parts) {
      changes.layouts.push_back(event_of(table, renaming(*object, *now)));
    }
  }
}

}  // namespace

LayoutChanges layout_changes(const CatalogPicture& before, const CatalogPicture& after,
                             const std::set<ObjectId>& kept) {
  LayoutChanges changes;
  const std::map<ObjectId, Layout> then = layouts_of(before, kept);
  const std::map<ObjectId, Layout> now = layouts_of(after, kept);
  std::vector<CatalogEvent> layouts;
  for (const auto& [table, layout] : now) {
    const auto found = then.find(table);
    const Layout none;
    const Layout& old = found == then.end() ? none : found->second;
    if (same(old, layout)) continue;
    changes.tables.insert(table);
    compare(table, old, layout, changes);
    if (const auto whole = layout.find(""); whole != layout.end()) {
      layouts.push_back(event_of(table, whole->second->statement));
    }
  }
  for (CatalogEvent& event : layouts) changes.layouts.push_back(std::move(event));
  return changes;
}

}  // namespace pgmirror::capture::postgres
