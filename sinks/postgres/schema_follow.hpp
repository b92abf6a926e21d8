#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "change/transaction.hpp"
#include "sinks/postgres/connection.hpp"
#include "sinks/postgres/index_plan.hpp"
#include "sinks/postgres/mirror_catalog.hpp"
#include "sinks/postgres/schema_builder.hpp"

namespace pgmirror::sinks::postgres {

/// Carries one schema change of the source over, inside the caller's transaction; see SchemaBuilder::follow.
class SchemaFollow {
 public:
  /// `rows_come_again`: see SchemaBuilder::follow.
  SchemaFollow(Connection& connection, const SchemaBuilder& builder, change::Position position,
               bool rows_come_again = false);

  MirrorTablePtr follow(const change::SchemaChange& change);
  /// Drops the table, where it stands, and makes it as `relation` describes it, empty and without indexes.
  void recreate(const change::Relation& relation, const change::TableProfile& profile);

 private:
  /// Runs a statement and writes it down.
  void run(const std::string& statement, std::string_view reason);
  /// The same, but a refusal because of what stands there is only logged: the mirror does without the object.
  void attempt(const ObjectPlan& plan, std::string_view reason);

  MirrorTablePtr create(const change::RelationPtr& after);
  void drop(const change::Relation& before);
  MirrorTablePtr alter(const change::SchemaChange& change);

  void free_name(const change::Relation& relation);
  void set_aside(const change::Relation& relation);
  void rename_table(const change::Relation& before, const change::Relation& after);
  void rename_columns(const change::SchemaChange& change);
  void drop_columns(const change::SchemaChange& change);
  void add_columns(const change::SchemaChange& change);
  void alter_columns(const change::SchemaChange& change);
  /// Why the mirror's rows cannot be identified any more; nothing where they can.
  std::optional<std::string> other_key(const change::SchemaChange& change) const;
  MirrorTablePtr replace(const change::SchemaChange& change);
  void drop_objects(const change::SchemaChange& change);
  void create_objects(const MirrorTable& table, const change::Relation* before);

  void add_column(const change::Relation& relation, const change::Column& column);
  void backfill(const change::Relation& relation, const change::Column& column, const TargetType& type);
  void retype(const change::Relation& relation, const change::Column& column, const CatalogColumn& standing);
  void drop_foreign_keys_to(const change::Relation& relation);

  MirrorCatalog catalog_of(const change::Relation& relation) const;
  std::string quoted(const change::Relation& relation) const;
  bool keyed_by_row_id(const change::Relation& relation) const;

  Connection& connection_;
  const SchemaBuilder& builder_;
  change::Position position_;
  bool rows_come_again_;
  /// Of the change at hand: old column name to new.
  std::map<std::string, std::string> renamed_;
};

}  // namespace pgmirror::sinks::postgres
