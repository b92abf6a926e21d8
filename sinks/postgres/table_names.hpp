#pragma once

#include <string>

#include "change/relation.hpp"
#include "sinks/postgres/mirror_catalog.hpp"
#include "sinks/postgres/schema_builder.hpp"
#include "sinks/postgres/schema_record.hpp"

namespace pgmirror::sinks::postgres {

/// Which table of the mirror has which name, while the source renames its own. Changes are recorded, and what
/// pgmirror.tables and pgmirror.odd_values say about a table goes with it.
class TableNames {
 public:
  /// Both outlive the object.
  TableNames(SchemaRecord& record, const SchemaBuilder& builder) : record_(record), builder_(builder) {}

  std::string name(const change::Relation& relation) const;    ///< not quoted
  std::string quoted(const change::Relation& relation) const;  ///< `"schema"."name"`
  const std::string& schema(const change::Relation& relation) const { return builder_.schema_of(relation); }
  /// What stands under the relation's name now; no other table is read.
  MirrorCatalog catalog(const change::Relation& relation) const;

  /// Nothing where both have the same name in the mirror. A table of ours that has the new name is kept aside: the
  /// source has it no more. Throws DatabaseError where somebody else's has it.
  void rename(const change::Relation& before, const change::Relation& after);
  /// A table that the source dropped stays under its name until somebody needs the name.
  void vacate(const change::Relation& relation);
  /// The table stays as `name_dropped_POSITION`.
  void set_aside(const change::Relation& relation);
  /// Names of indexes and sequences are the schema's: those of a table that only is kept must not be in the way of
  /// others.
  void free_index_names(const change::Relation& relation);

 private:
  void claim(const change::Relation& relation);
  std::string aside_name(const std::string& schema, const std::string& name) const;

  SchemaRecord& record_;
  const SchemaBuilder& builder_;
};

}  // namespace pgmirror::sinks::postgres
