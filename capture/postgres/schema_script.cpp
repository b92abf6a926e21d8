#include "capture/postgres/schema_script.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "capture/postgres/object_dependencies.hpp"
#include "capture/postgres/object_order.hpp"
#include "capture/postgres/object_readers.hpp"
#include "capture/postgres/script_scope.hpp"
#include "capture/postgres/table_layouts.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

using Rank = SchemaObject::Rank;
using Stage = change::SchemaStatement::Stage;

void append(SchemaObjects& objects, SchemaObjects more) { std::ranges::move(more, std::back_inserter(objects)); }

/// Every object that could be made, of which selection takes what is wanted.
SchemaObjects read_candidates(libpq::Connection& connection, const RelationCatalog& catalog, const ScriptScope& scope,
                              const ScriptOptions& options) {
  const std::vector<SequenceState> sequences = read_sequences(connection, catalog);
  SchemaObjects objects = read_extensions(connection);
  append(objects, read_collations(connection));
  append(objects, read_types(connection));
  append(objects, read_functions(connection));
  append(objects, read_aggregates(connection));
  append(objects, read_casts(connection));
  append(objects, read_operators(connection));
  append(objects, read_text_search(connection));
  append(objects, sequence_objects(sequences, catalog));
  append(objects, read_tables(connection, scope, catalog, sequences));
  append(objects, read_storage(connection, scope, catalog));
  append(objects, read_constraints(connection));
  append(objects, read_indexes(connection));
  append(objects, replica_identities(connection, catalog));
  append(objects, read_statistics(connection));
  if (options.views) append(objects, read_views(connection));
  if (options.triggers) append(objects, read_triggers(connection));
  if (options.triggers) append(objects, read_rules(connection));
  if (options.policies) append(objects, read_policies(connection, scope));
  return objects;
}

/// Takes what is wanted for itself and can stand, and all that these need.
class Selection {
 public:
  Selection(SchemaObjects candidates, const ObjectDependencies& dependencies, const ScriptScope& scope)
      : candidates_(std::move(candidates)), dependencies_(dependencies), scope_(scope), taken_(candidates_.size()) {
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (candidates_[i].node.oid != 0) by_node_.emplace(candidates_[i].node, i);
      if (candidates_[i].part_of.oid != 0) parts_[candidates_[i].part_of].push_back(i);
    }
  }

  /// What tables cannot do without goes before the data.
  void take_tables() {
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      const Rank rank = candidates_[i].rank;
      if (rank == Rank::table || rank == Rank::partition || rank == Rank::sequence) take(i);
    }
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (!taken_[i] || candidates_[i].rank == Rank::partition) continue;
      candidates_[i].statement.stage = Stage::before_data;
      candidates_[i].statement.required = true;
    }
  }

  void take_others(const ScriptOptions& options) {
    std::set<std::string> schemas;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (taken_[i]) schemas.insert(candidates_[i].statement.schema);
    }
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      const SchemaObject& object = candidates_[i];
      if (taken_[i] || !wanted_for_itself(object.rank)) continue;
      if (object.rank == Rank::function && !(options.functions && schemas.contains(object.statement.schema))) continue;
      if (stands(object)) take(i);
    }
  }

  SchemaObjects taken() {
    SchemaObjects objects;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (taken_[i]) objects.push_back(std::move(candidates_[i]));
    }
    return objects;
  }

 private:
  /// Whether the object and what it is attached to can stand in the mirror.
  bool stands(const SchemaObject& object) const {
    if (object.node.oid != 0 && !scope_.can_stand(object.node)) return false;
    return std::ranges::all_of(object.after, [this](ObjectNode node) { return scope_.can_stand(node); });
  }

  void take(std::size_t candidate) {
    if (taken_[candidate]) return;
    taken_[candidate] = true;
    for (const ObjectNode after : candidates_[candidate].after) take(after);
    const ObjectNode node = candidates_[candidate].node;
    if (node.oid == 0) return;
    if (const auto parts = parts_.find(node); parts != parts_.end()) {
      for (const std::size_t part : parts->second) take(part);
    }
    for (const ObjectDependencies::Need& need : dependencies_.of(node)) {
      if (need.own_column != 0 && scope_.has_table(node.oid) && !scope_.has_column(node.oid, need.own_column)) continue;
      if (scope_.has_table(node.oid) && need.own_column != 0 && need.object.catalog == catalogs::function &&
          !scope_.default_functions(node.oid, need.own_column).empty()) {
        continue;
      }
      take(need.object);
    }
  }
  void take(ObjectNode needed) {
    const auto candidate = by_node_.find(dependencies_.extension_of(needed).value_or(needed));
    if (candidate != by_node_.end()) take(candidate->second);
  }

  SchemaObjects candidates_;
  const ObjectDependencies& dependencies_;
  const ScriptScope& scope_;
  std::vector<bool> taken_;
  std::map<ObjectNode, std::size_t> by_node_;
  std::map<ObjectNode, std::vector<std::size_t>> parts_;
};

/// The schemas of all objects. Not required: to ask for one that stands needs a right that owning it does not give.
SchemaObjects schemas_of(libpq::Connection& connection, const SchemaObjects& objects) {
  std::set<std::string, std::less<>> names;
  for (const SchemaObject& object : objects) names.insert(object.statement.schema);
  names.erase("pg_catalog");
  SchemaObjects schemas;
  const libpq::Result result = connection.execute("SELECT oid, nspname FROM pg_catalog.pg_namespace ORDER BY oid");
  for (int row = 0; row < result.rows(); ++row) {
    if (!names.contains(result.text(row, 1))) continue;
    schemas.push_back(
        {.node = {catalogs::schema, static_cast<ObjectId>(result.integer(row, 0))},
         .rank = Rank::schema,
         .statement = {.kind = "schema",
                       .name = std::string(result.text(row, 1)),
                       .sql = "CREATE SCHEMA IF NOT EXISTS " + libpq::quote_identifier(result.text(row, 1))}});
  }
  return schemas;
}

}  // namespace

std::vector<ScriptedObject> scripted_objects(libpq::Connection& connection, const RelationCatalog& catalog,
                                             const ScriptOptions& options) {
  const ObjectDependencies dependencies(connection);
  const ScriptScope scope(connection, catalog, dependencies, options.views);
  Selection selection(read_candidates(connection, catalog, scope, options), dependencies, scope);
  selection.take_tables();
  selection.take_others(options);
  SchemaObjects objects = selection.taken();
  append(objects, schemas_of(connection, objects));
  if (options.comments) append(objects, read_comments(connection, scope, objects));
  append(objects, table_layouts(catalog, scope, objects));

  std::vector<ScriptedObject> scripted;
  for (SchemaObject& object : in_order(std::move(objects), dependencies)) {
    scripted.push_back({.node = object.node,
                        .table = object.table,
                        .statement = std::move(object.statement),
                        .written_by = std::move(object.written_by),
                        .undo = std::move(object.undo)});
  }
  return scripted;
}

std::vector<change::SchemaStatement> schema_script(libpq::Connection& connection, const RelationCatalog& catalog,
                                                   const ScriptOptions& options) {
  std::vector<change::SchemaStatement> statements;
  for (ScriptedObject& object : scripted_objects(connection, catalog, options)) {
    statements.push_back(std::move(object.statement));
  }
  return statements;
}

std::vector<change::SchemaStatement> enum_additions(libpq::Connection& connection, const RelationCatalog& catalog) {
  const ObjectDependencies dependencies(connection);
  const ScriptScope scope(connection, catalog, dependencies, false);
  SchemaObjects candidates = read_types(connection);
  append(candidates, read_tables(connection, scope, catalog, {}));
  Selection selection(std::move(candidates), dependencies, scope);
  selection.take_tables();
  std::vector<change::SchemaStatement> additions;
  for (SchemaObject& object : selection.taken()) {
    if (object.statement.kind != "enum type") continue;
    additions.push_back(std::move(object.statement));
    additions.back().kind = change::enum_label_kind;
  }
  return additions;
}

}  // namespace pgmirror::capture::postgres
