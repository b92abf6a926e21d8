#pragma once

#include <string>
#include <vector>

#include "change/relation.hpp"
#include "change/schema_statement.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/mirror_catalog.hpp"
#include "sinks/postgres/schema_builder.hpp"
#include "sinks/postgres/schema_script_run.hpp"

namespace pgmirror::sinks::postgres {

/// SchemaBuilder's work where the source says itself how its objects are made. One thread; objects are short-lived.
class ScriptedSchema {
 public:
  using Script = std::vector<change::SchemaStatement>;

  /// Both outlive the object. `position`: of the snapshot that the script comes from.
  ScriptedSchema(libpq::Connection& connection, const SchemaBuilder& builder, change::Position position);

  /// What rows need: schemas, types, tables, and columns that standing tables lack. Enters the tables in
  /// pgmirror.tables. Safe to repeat. Throws SchemaError with the whole list of what does not fit, and changes nothing
  /// then; SchemaError as well where the mirror refuses what rows need, DatabaseError.
  SchemaReport prepare(const Script& script, const std::vector<change::RelationPtr>& relations);

  /// The rest: keys, indexes, constraints, views, sequences. After the copy; safe to repeat. What the mirror refuses is
  /// left out, with the reason; a refused key is a SchemaError.
  SchemaReport complete(const Script& script, const std::vector<change::SequenceValue>& sequences);

  /// Makes a table as the source has it, and empty, inside the caller's transaction; complete() is due afterwards.
  /// Throws SchemaError where something in the mirror stands against it, DatabaseError; roll back then.
  void recreate(const change::RelationPtr& relation, const Script& script);

 private:
  SchemaScriptRun script_run() const;
  void remodel(const change::Relation& relation, const CatalogTable& standing);

  libpq::Connection& connection_;
  const SchemaBuilder& builder_;
  change::Position position_;
};

}  // namespace pgmirror::sinks::postgres
