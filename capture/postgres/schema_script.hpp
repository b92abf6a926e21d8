#pragma once

#include <cstdint>
#include <vector>

#include "capture/postgres/relation_catalog.hpp"
#include "change/schema_statement.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

struct ScriptOptions {
  bool views = true;      ///< over mirrored tables; materialized ones without data
  bool functions = true;  ///< with aggregates, operators, casts, text search; those that tables need are always there
  bool triggers = false;  ///< with rules; created disabled
  bool policies = false;  ///< of tables whose row level security is switched on
  bool comments = true;
};

/// Everything that makes the mirrored tables, and what belongs to them, in another server, in an order in which it can
/// be run: each statement alone or all in one transaction. Some are several statements in one text. What a table has
/// from its first statement comes once more as parts of the table, for one that was made otherwise: a mirror has to
/// look whether they stand. Owners, grants, row level security itself and tablespaces are left out. A partitioned table
/// is one plain table, which takes every row whatever partitions the source makes, unless the catalog's rules keep its
/// partitions.
///
/// What needs a table or column that is not mirrored is left out: views, foreign keys, indexes, constraints. Columns
/// GENERATED ... AS IDENTITY become BY DEFAULT ones, which take the source's values and go on counting once the mirror
/// is written by an application.
///
/// `catalog` must have been read by the same session. Throws DatabaseError.
std::vector<change::SchemaStatement> schema_script(libpq::Connection& connection, const RelationCatalog& catalog,
                                                   const ScriptOptions& options = {});

/// The same objects with what takes them away again.
std::vector<ScriptedObject> scripted_objects(libpq::Connection& connection, const RelationCatalog& catalog,
                                             const ScriptOptions& options = {});

/// The labels of each enum that a mirrored table needs.
std::vector<change::SchemaStatement> enum_additions(libpq::Connection& connection, const RelationCatalog& catalog);

}  // namespace pgmirror::capture::postgres
