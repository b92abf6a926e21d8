#include "capture/postgres/object_changes.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <tuple>

#include "capture/postgres/layout_changes.hpp"
#include "capture/postgres/partition_changes.hpp"
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
  return kind == "comment" || kind == "function" || kind == "procedure" || kind == "sequence owner" ||
         kind == "storage";
}

/// A change of these shows in the tables, or is of no consequence to a mirror.
bool told_otherwise(const ScriptedObject& object) {
  const std::string& kind = object.statement.kind;
  return kind == "table" || kind == "partition" || kind == "schema" || kind == "extension" || kind == "collation" ||
         kind == "sequence" || kind == "enum type" || kind == "composite type" || kind == "range type";
}

/// What a mirror renames as the source does, because columns or defaults need it; nullptr for all else.
const char* renaming_verb(const std::string& kind) {
  if (kind == "enum type" || kind == "composite type" || kind == "range type") return "ALTER TYPE";
  if (kind == "domain") return "ALTER DOMAIN";
  if (kind == "collation") return "ALTER COLLATION";
  return kind == "sequence" ? "ALTER SEQUENCE" : nullptr;
}

CatalogEvent part_of(const ScriptedObject& object) {
  CatalogEvent event = event_of(object.statement);
  event.table.oid = object.table;
  event.at_once = false;
  return event;
}

/// In the order of the definitions that use the name: rows before them still do so by the old one.
void later(SchemaStatement statement, ObjectChanges& changes) {
  statement.required = false;
  changes.for_rows.push_back({.kind = CatalogEvent::Kind::statement, .statement = std::move(statement)});
}

void rename(const SchemaStatement& before, const SchemaStatement& after, ObjectChanges& changes) {
  const char* const verb = renaming_verb(after.kind);
  if (verb == nullptr) return;
  const auto alter = [&](const std::string& schema, const std::string& name, const std::string& action) {
    SchemaStatement statement = after;
    statement.kind = "renamed " + after.kind;
    statement.sql = std::string(verb) + " " + libpq::qualified(schema, name) + " " + action;
    later(std::move(statement), changes);
  };
  if (before.name != after.name) {
    alter(before.schema, before.name, "RENAME TO " + libpq::quote_identifier(after.name));
  }
  if (before.schema != after.schema) {
    alter(before.schema, after.name, "SET SCHEMA " + libpq::quote_identifier(after.schema));
  }
}

/// Behind the sequence's name, what makes it and what alters it are the same.
void sequence_change(const SchemaStatement& before, const SchemaStatement& after, ObjectChanges& changes) {
  const auto head = [](const SchemaStatement& statement) {
    return "CREATE SEQUENCE " + libpq::qualified(statement.schema, statement.name);
  };
  const std::string options = after.sql.substr(head(after).size());
  if (before.sql.substr(head(before).size()) == options) return;
  SchemaStatement statement = after;
  statement.kind = "altered sequence";
  statement.sql = "ALTER SEQUENCE " + libpq::qualified(after.schema, after.name) + options;
  later(std::move(statement), changes);
}

/// New labels early, since rows on their way may have them; new names of labels at their place.
void labels_change(const SchemaStatement& type, ObjectChanges& changes) {
  SchemaStatement statement = type;
  statement.kind = change::enum_label_kind;
  statement.required = false;
  changes.for_rows.push_back({.kind = CatalogEvent::Kind::statement, .statement = statement, .at_once = true});
  statement.kind = change::renamed_label_kind;
  later(std::move(statement), changes);
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
  // Early, because rows on their way may violate it; once more at its place, because what still needed it is gone then,
  // and a copy that came between has made it again.
  later(statement, changes);
  changes.gone.push_back({.kind = CatalogEvent::Kind::statement, .statement = std::move(statement), .at_once = true});
}

void make(const ScriptedObject& object, bool of_new_table, ObjectChanges& changes) {
  // A sequence of a table that stands may be called otherwise until then.
  if (object.statement.kind == "sequence owner" && !of_new_table) {
    later(object.statement, changes);
    return;
  }
  CatalogEvent event = event_of(object.statement);
  // It may refuse rows on their way.
  if (object.statement.kind == "domain constraint") event.at_once = false;
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
  const std::string& kind = after.statement.kind;
  if (before.node == after.node) rename(before.statement, after.statement, changes);
  if (kind == "sequence") sequence_change(before.statement, after.statement, changes);
  if (kind == "enum type" && before.statement.parts != after.statement.parts) labels_change(after.statement, changes);
  if (before.statement.sql == after.statement.sql || told_otherwise(after)) return;
  if (kind == "domain") {
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

/// What a partition has of its own is made like any other object: only whole tables have a layout.
bool has_layout(const ScriptedObject& object, const CatalogPicture& picture) {
  return of_layout(object) && picture.table(object.table) != nullptr;
}

}  // namespace

ObjectChanges object_changes(const CatalogPicture& before, const CatalogPicture& after, const std::set<ObjectId>& kept,
                             const std::set<ObjectId>& renamed) {
  ObjectChanges changes;
  const Counterparts now(after);
  const Counterparts then(before);
  LayoutChanges layouts = layout_changes(before, after, kept);
  changes.gone = std::move(layouts.gone);
  changes.layouts = std::move(layouts.layouts);
  for (auto at = before.objects.rbegin(); at != before.objects.rend(); ++at) {
    const ScriptedObject& object = *at;
    // A table that is gone takes what is attached to it with it, or stays frozen with it.
    if (has_layout(object, before) || (object.table != 0 && !kept.contains(object.table))) continue;
    if (now.same(object) == nullptr && object.statement.kind != "partition") take_away(object, changes);
  }
  for (const ScriptedObject& listed : after.objects) {
    ScriptedObject object = listed;
    if (!has_layout(object, after)) {
      object.statement.table.clear();
    } else {
      // Of a new table they come with the copy of its rows.
      const bool told = layouts.tables.contains(object.table) && object.statement.kind != change::table_layout_kind;
      if (told) changes.over_rows.push_back(part_of(object));
      continue;
    }
    // What the mirror took away with a column that had the sequence before is given back at the end.
    const bool owner = object.statement.kind == "sequence owner" && layouts.tables.contains(object.table);
    if (owner) changes.over_rows.push_back(part_of(object));
    const ScriptedObject* const old = then.same(object);
    if (old == nullptr) {
      const bool of_table = object.statement.kind == "table" || object.table != 0;
      make(object, of_table && !kept.contains(object.table), changes);
    } else if (object.statement.kind == "table" && old->statement.kind == "partition") {
      make(object, true, changes);
    } else {
      change(*old, object, renamed.contains(object.table), changes);
    }
  }
  PartitionChanges partitions = partition_changes(before, after);
  std::ranges::move(partitions.gone, std::back_inserter(changes.for_rows));
  std::ranges::move(partitions.come, std::back_inserter(changes.tables));
  return changes;
}

}  // namespace pgmirror::capture::postgres
