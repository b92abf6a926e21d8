#include "capture/postgres/object_changes.hpp"

#include <algorithm>
#include <map>
#include <ranges>
#include <tuple>

#include "capture/postgres/enum_labels.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

using change::SchemaStatement;
using Key = std::tuple<std::string, std::string, std::string>;

Key key_of(const ScriptedObject& object) {
  return {object.statement.kind, object.statement.schema, object.statement.name};
}

CatalogEvent event_of(SchemaStatement statement) {
  const bool at_once = statement.stage == SchemaStatement::Stage::before_data;
  return {.kind = CatalogEvent::Kind::statement, .statement = std::move(statement), .at_once = at_once};
}

/// An object in both pictures: the same one, or one that was made again under its name.
class Counterparts {
 public:
  explicit Counterparts(const CatalogPicture& picture) {
    for (const ScriptedObject& object : picture.objects) {
      if (object.node.oid != 0) by_node_.emplace(object.node, &object);
      by_name_.emplace(key_of(object), &object);
    }
  }
  const ScriptedObject* same(const ScriptedObject& object) const {
    if (object.node.oid != 0) {
      if (const auto at = by_node_.find(object.node); at != by_node_.end()) return at->second;
    }
    // Another table of the same name is another table, and so is what is attached to it.
    if (object.statement.kind == "table" || object.statement.kind == "partition") return nullptr;
    const auto at = by_name_.find(key_of(object));
    return at == by_name_.end() || at->second->table != object.table ? nullptr : at->second;
  }

 private:
  std::map<ObjectNode, const ScriptedObject*> by_node_;
  std::map<Key, const ScriptedObject*> by_name_;
};

/// Statements that change what stands, rather than make it again.
bool changes_in_place(const ScriptedObject& object) {
  const std::string& kind = object.statement.kind;
  return kind == "comment" || kind == "function" || kind == "procedure" || kind == "replica identity" ||
         kind == "sequence owner";
}

/// A change of these shows in the tables, or is of no consequence to a mirror.
bool told_otherwise(const ScriptedObject& object) {
  const std::string& kind = object.statement.kind;
  return kind == "table" || kind == "partition" || kind == "schema" || kind == "extension" || kind == "collation" ||
         kind == "sequence" || kind == "composite type" || kind == "range type";
}

/// NOT NULL of a domain refuses rows; its default does nothing to rows that have their values already.
void domain_change(const ScriptedObject& before, const ScriptedObject& after, ObjectChanges& changes) {
  const bool was = before.statement.sql.ends_with(" NOT NULL");
  const bool is = after.statement.sql.ends_with(" NOT NULL");
  if (was == is) return;
  SchemaStatement statement = after.statement;
  statement.sql =
      "ALTER DOMAIN " + libpq::qualified(statement.schema, statement.name) + (is ? " SET NOT NULL" : " DROP NOT NULL");
  CatalogEvent event = event_of(std::move(statement));
  event.at_once = was;
  (was ? changes.gone : changes.over_rows).push_back(std::move(event));
}

void take_away(const ScriptedObject& object, ObjectChanges& changes) {
  if (object.undo.empty()) return;
  SchemaStatement statement = object.statement;
  statement.kind = "dropped " + statement.kind;
  statement.sql = object.undo;
  statement.required = false;
  changes.gone.push_back({.kind = CatalogEvent::Kind::statement, .statement = std::move(statement), .at_once = true});
}

void make(const ScriptedObject& object, bool of_new_table, ObjectChanges& changes) {
  CatalogEvent event = event_of(object.statement);
  if (!event.at_once) {
    changes.over_rows.push_back(std::move(event));
  } else if (of_new_table) {
    event.at_once = false;
    changes.tables.push_back(std::move(event));
  } else {
    changes.for_rows.push_back(std::move(event));
  }
}

void change(const ScriptedObject& before, const ScriptedObject& after, bool renamed, ObjectChanges& changes) {
  if (before.statement.sql == after.statement.sql || told_otherwise(after)) return;
  const std::string& kind = after.statement.kind;
  if (kind == "enum type") {
    for (SchemaStatement& statement : enum_changes(before.statement, after.statement)) {
      changes.for_rows.push_back(event_of(std::move(statement)));
    }
  } else if (kind == "domain") {
    domain_change(before, after, changes);
  } else if (before.node == after.node &&
             (renamed || (!after.written_by.empty() && before.written_by == after.written_by))) {
    // Only what it is about is called otherwise: the mirror's object follows the mirror's table.
  } else if (changes_in_place(after)) {
    make(after, false, changes);
  } else {
    take_away(before, changes);
    make(after, false, changes);
  }
}

}  // namespace

ObjectChanges object_changes(const CatalogPicture& before, const CatalogPicture& after, const std::set<ObjectId>& kept,
                             const std::set<ObjectId>& renamed) {
  ObjectChanges changes;
  const Counterparts now(after);
  const Counterparts then(before);
  for (const ScriptedObject& object : before.objects | std::views::reverse) {
    // A table that is gone takes what is attached to it with it, or stays frozen with it.
    if (object.table != 0 && !kept.contains(object.table)) continue;
    if (now.same(object) == nullptr) take_away(object, changes);
  }
  for (const ScriptedObject& object : after.objects) {
    // Of a table that stands, the table's columns tell it.
    if (object.statement.kind == "default" && kept.contains(object.table)) continue;
    const ScriptedObject* const old = then.same(object);
    if (old == nullptr) {
      const bool of_table = object.statement.kind == "table" || object.table != 0;
      make(object, of_table && !kept.contains(object.table), changes);
    } else {
      change(*old, object, renamed.contains(object.table), changes);
    }
  }
  return changes;
}

}  // namespace pgmirror::capture::postgres
