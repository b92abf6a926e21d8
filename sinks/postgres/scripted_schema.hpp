#pragma once

#include <string>
#include <utility>
#include <vector>

#include "change/relation.hpp"
#include "change/schema_statement.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/schema_builder.hpp"
#include "sinks/postgres/schema_script_run.hpp"

namespace pgmirror::sinks::postgres {

/// SchemaBuilder's work where the source says itself how its objects are made. One thread; objects are short-lived.
class ScriptedSchema {
 public:
  using Script = std::vector<change::SchemaStatement>;
  using TableName = std::pair<std::string, std::string>;  ///< schema and table in the mirror

  /// Both outlive the object. `position`: of the snapshot that the script comes from.
  ScriptedSchema(libpq::Connection& connection, const SchemaBuilder& builder, change::Position position);

  /// What rows need: schemas, types, tables, and columns that standing tables lack. Enters the tables in
  /// pgmirror.tables. Safe to repeat. Throws SchemaError with the whole list of what does not fit, and changes nothing
  /// then; SchemaError as well where the mirror refuses what rows need, DatabaseError. Once some table is followed,
  /// another one that does not fit is stopped instead.
  SchemaReport prepare(const Script& script, const std::vector<change::RelationPtr>& relations);

  /// The rest: keys, NOT NULL, indexes, constraints, views, sequences. After the copy; safe to repeat. What the mirror
  /// refuses is left out, with the reason; a refused key stops its table, or is a SchemaError where the rule is to stop
  /// everything.
  SchemaReport complete(const Script& script, const std::vector<change::RelationPtr>& relations,
                        const std::vector<change::SequenceValue>& sequences);

  /// Makes a table as the source has it, and empty, inside the caller's transaction; complete() is due afterwards.
  /// Throws SchemaError where something in the mirror stands against it, DatabaseError; roll back then.
  void recreate(const change::RelationPtr& relation, const Script& script);

  /// Takes away from a table of ours what the source's table has not any more, or has in another way: columns, keys,
  /// constraints, indexes. Inside the caller's transaction; what the mirror refuses to drop stays.
  void take_away_former(const change::Relation& relation, const Script& script);

 private:
  SchemaScriptRun script_run() const;
  void start_anew(const change::RelationPtr& relation, const Script& script);
  void stop_table(const TableName& table, const std::string& reason);
  void stop_missing(const std::vector<change::RelationPtr>& relations, const std::string& reason);
  void remodel(const change::Relation& relation);
  void take_away_parts(const change::Relation& relation);

  libpq::Connection& connection_;
  const SchemaBuilder& builder_;
  change::Position position_;
};

}  // namespace pgmirror::sinks::postgres
