#include "sinks/postgres/object_follow.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "libpq/identifier.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::ForeignKey;
using change::Index;
using change::Relation;
using change::SchemaChange;
using libpq::quote_identifier;
using Renamed = std::map<std::string, std::string>;  ///< old column name to new

std::vector<std::string> renamed_names(const std::vector<std::string>& names, const Renamed& renamed) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    const auto found = renamed.find(name);
    out.push_back(found == renamed.end() ? name : found->second);
  }
  return out;
}

/// The index as the source would describe it after the renaming of columns alone.
Index carried(const Index& index, const Renamed& renamed) {
  Index out = index;
  out.columns = renamed_names(index.columns, renamed);
  out.definition = index.definition.empty() ? "" : "made by a statement";
  return out;
}

ForeignKey carried(const ForeignKey& key, const Renamed& renamed) {
  ForeignKey out = key;
  out.columns = renamed_names(key.columns, renamed);
  return out;
}

/// The one of `objects`, as they stand after `renamed`, that is the same as `before`.
template <typename Object>
const Object* after_renaming(const Object& before, const std::vector<Object>& objects, const Renamed& renamed) {
  const Object wanted = carried(before, renamed);
  const auto found = std::ranges::find_if(objects, [&](const Object& one) { return carried(one, {}) == wanted; });
  return found == objects.end() ? nullptr : &*found;
}

Renamed renamed_by(const SchemaChange& change) {
  return {change.renamed_columns.begin(), change.renamed_columns.end()};
}

/// Of the objects after the change those that the mirror has not got: new ones, and those that were missing before.
template <typename Object>
std::vector<Object> still_missing(const std::vector<Object>& before, const std::vector<Object>& after,
                                  const std::vector<Object>& missing, const Renamed& renamed) {
  std::vector<Object> out;
  for (const Object& object : after) {
    const auto is_same = [&](const Object& old) { return carried(old, renamed) == carried(object, {}); };
    if (std::ranges::none_of(before, is_same) || std::ranges::any_of(missing, is_same)) out.push_back(object);
  }
  return out;
}

}  // namespace

void ObjectFollow::alter(const SchemaChange& change) {
  const MirrorCatalog catalog = names_.catalog(*change.before);
  const CatalogTable* standing = catalog.table(names_.name(*change.before));
  if (standing == nullptr) {
    throw SchemaError(
        fmt::format("table {0}: missing in the mirror; run \"pgmirror resync {0}\"", change.before->qualified_name()));
  }
  drop_indexes(change, *standing);
  drop_foreign_keys(change, *standing);
  Missing missing = missing_after(change);
  missing_.erase(change.before->qualified_name());
  missing_[change.after->qualified_name()] = std::move(missing);
}

ObjectFollow::Missing ObjectFollow::missing_after(const SchemaChange& change) {
  const Missing& before = missing_[change.before->qualified_name()];
  const Renamed renamed = renamed_by(change);
  return {.relation = change.after,
          .indexes = still_missing(change.before->indexes, change.after->indexes, before.indexes, renamed),
          .foreign_keys =
              still_missing(change.before->foreign_keys, change.after->foreign_keys, before.foreign_keys, renamed)};
}

void ObjectFollow::drop_indexes(const SchemaChange& change, const CatalogTable& standing) {
  const std::string& schema = names_.schema(*change.before);
  for (const Index& index : change.before->indexes) {
    const std::string name = mirror_index_name(*change.before, index);
    const auto found = std::ranges::find(standing.indexes, name, &CatalogIndex::name);
    if (found == standing.indexes.end() || found->primary) continue;
    const Index* same = after_renaming(index, change.after->indexes, renamed_by(change));
    const std::string reason = fmt::format("index {} of table {} was {}", name, change.before->qualified_name(),
                                           same == nullptr ? "dropped" : "renamed");
    if (same == nullptr) {
      record_.run("DROP INDEX " + libpq::qualified(schema, name), reason);
    } else if (const std::string now = mirror_index_name(*change.after, *same); now != name) {
      record_.run(fmt::format("ALTER INDEX {} RENAME TO {}", libpq::qualified(schema, name), quote_identifier(now)),
                  reason);
    }
  }
}

void ObjectFollow::drop_foreign_keys(const SchemaChange& change, const CatalogTable& standing) {
  const std::string table = names_.quoted(*change.before);
  for (const ForeignKey& key : change.before->foreign_keys) {
    const std::string name = foreign_key_name(*change.before, key);
    if (std::ranges::find(standing.foreign_keys, name) == standing.foreign_keys.end()) continue;
    const ForeignKey* same = after_renaming(key, change.after->foreign_keys, renamed_by(change));
    const std::string reason = fmt::format("foreign key {} of table {} was {}", name, change.before->qualified_name(),
                                           same == nullptr ? "dropped" : "renamed");
    if (same == nullptr) {
      record_.run(fmt::format("ALTER TABLE {} DROP CONSTRAINT {}", table, quote_identifier(name)), reason);
    } else if (const std::string now = foreign_key_name(*change.after, *same); now != name) {
      record_.run(fmt::format("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", table, quote_identifier(name),
                              quote_identifier(now)),
                  reason);
    }
  }
}

void ObjectFollow::create(const change::RelationPtr& relation) {
  missing_[relation->qualified_name()] = {
      .relation = relation, .indexes = relation->indexes, .foreign_keys = relation->foreign_keys};
}

std::vector<ObjectFollow::StandingKey> ObjectFollow::drop_keys(const Relation& relation, const char* side) {
  const libpq::Result keys = record_.connection().execute(
      fmt::format(
          "SELECT n.nspname, c.relname, f.conname, pg_catalog.pg_get_constraintdef(f.oid) "
          "FROM pg_catalog.pg_constraint f "
          "JOIN pg_catalog.pg_class c ON c.oid = f.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
          "JOIN pg_catalog.pg_class t ON t.oid = f.{} JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace "
          "WHERE f.contype = 'f' AND s.nspname = $1 AND t.relname = $2",
          side),
      libpq::Parameters::texts({names_.schema(relation), names_.name(relation)}));
  std::vector<StandingKey> dropped;
  for (int row = 0; row < keys.rows(); ++row) {
    dropped.push_back({.table = libpq::qualified(keys.text(row, 0), keys.text(row, 1)),
                       .name = std::string(keys.text(row, 2)),
                       .definition = std::string(keys.text(row, 3))});
    record_.run(
        fmt::format("ALTER TABLE {} DROP CONSTRAINT {}", dropped.back().table, quote_identifier(dropped.back().name)),
        fmt::format("foreign key {} of {} belongs to table {}, which makes way", dropped.back().name, keys.text(row, 1),
                    relation.qualified_name()));
  }
  return dropped;
}

void ObjectFollow::drop(const Relation& relation) {
  missing_.erase(relation.qualified_name());
  drop_keys(relation, "confrelid");
  drop_keys(relation, "conrelid");
}

void ObjectFollow::replace(const Relation& relation) {
  missing_.erase(relation.qualified_name());
  drop_keys(relation, "conrelid");
  std::ranges::move(drop_keys(relation, "confrelid"), std::back_inserter(referring_));
}

void ObjectFollow::finish() {
  for (const auto& [name, missing] : missing_) make_indexes(missing);
  for (const auto& [name, missing] : missing_) make_foreign_keys(missing);
  for (const StandingKey& key : referring_) {
    record_.attempt(
        fmt::format("foreign key {}", key.name),
        fmt::format("ALTER TABLE {} ADD CONSTRAINT {} {}", key.table, quote_identifier(key.name), key.definition),
        fmt::format("the table that foreign key {} refers to was made anew", key.name));
  }
  missing_.clear();
  referring_.clear();
}

void ObjectFollow::make_indexes(const Missing& missing) {
  if (missing.indexes.empty()) return;
  const MirrorTablePtr table = builder_.describe(record_.connection(), missing.relation);
  for (const Index& index : missing.indexes) {
    const ObjectPlan plan = plan_index(*table, index);
    if (!plan.reason.empty()) spdlog::warn("[MirrorSchema] Left out: {}", plan.reason);
    if (plan.sql.empty()) continue;
    record_.attempt("index " + plan.name, plan.sql,
                    fmt::format("index {} of table {} is new", index.name, missing.relation->qualified_name()));
  }
}

void ObjectFollow::make_foreign_keys(const Missing& missing) {
  if (missing.foreign_keys.empty() || !builder_.mirror().foreign_keys) return;
  const MirrorTablePtr table = builder_.describe(record_.connection(), missing.relation);
  for (const ForeignKey& key : missing.foreign_keys) {
    Relation parent;
    parent.schema = key.referenced_schema;
    parent.name = key.referenced_table;
    const MirrorCatalog catalog = names_.catalog(parent);
    const ObjectPlan plan = plan_foreign_key(*table, key, names_.quoted(parent), catalog.table(names_.name(parent)));
    if (!plan.reason.empty()) spdlog::warn("[MirrorSchema] Left out: {}", plan.reason);
    if (plan.sql.empty()) continue;
    record_.attempt("foreign key " + plan.name, plan.sql,
                    fmt::format("a foreign key of table {} is new", missing.relation->qualified_name()));
  }
}

}  // namespace pgmirror::sinks::postgres
