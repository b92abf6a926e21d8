#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "change/relation.hpp"
#include "change/schema_statement.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/mirror_catalog.hpp"
#include "sinks/postgres/schema_builder.hpp"
#include "sinks/postgres/schema_script_run.hpp"

namespace pgmirror::sinks::postgres {

/// What a source's own statements make over the rows of its tables: keys, NOT NULL, defaults, indexes, constraints,
/// views. One thread; objects are short-lived.
class SchemaCompletion {
 public:
  using TableName = std::pair<std::string, std::string>;  ///< schema and table in the mirror

  /// Both outlive the object. `position`: of the snapshot that the script comes from.
  SchemaCompletion(libpq::Connection& connection, const SchemaBuilder& builder, change::Position position)
      : connection_(connection), builder_(builder), position_(position) {}

  /// After the copy; safe to repeat. Of what is attached to tables only that of those which were copied at `position`,
  /// or before there was a checkpoint. What the mirror refuses is left out, with the reason; a refused key stops its
  /// table, or is a SchemaError where the rule is to stop everything. True when some table was defined
  /// anew meanwhile and waits for another copy. Throws DatabaseError.
  bool complete(const std::vector<change::SchemaStatement>& script, const std::vector<change::RelationPtr>& relations,
                SchemaScriptRun& run);

 private:
  /// That a part of a table is made by `statement`.
  std::optional<TableName> table_of(const change::SchemaStatement& statement,
                                    const std::vector<change::RelationPtr>& relations) const;
  std::set<TableName> copied_tables() const;

  libpq::Connection& connection_;
  const SchemaBuilder& builder_;
  change::Position position_;
};

}  // namespace pgmirror::sinks::postgres
