#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/postgres/object_node.hpp"
#include "change/position.hpp"
#include "change/schema_statement.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

struct CatalogColumn {
  int number = 0;  ///< attnum: stays with the column through renames and is never used again
  std::string name;
  ObjectId type = 0;
  int modifier = -1;
  std::string type_name;  ///< format_type(), user types with their schema
  bool not_null = false;
  bool generated = false;
  std::optional<std::string> default_sql;    ///< of a generated column: its expression
  std::optional<std::string> missing_value;  ///< what rows older than the column have, without having been rewritten
  std::string collation;                     ///< qualified; empty: the type's own
  /// Transaction that last wrote the column's catalog row: a rewrite of values writes it, VACUUM FULL does not.
  std::string written_by;
  bool operator==(const CatalogColumn&) const = default;
};

/// The files that hold a table's rows: its own, or those of the leaves of a partitioned one.
struct CatalogLeaf {
  ObjectId oid = 0;
  ObjectId file = 0;          ///< another one: rows were rewritten, or the leaf was truncated
  bool born_as_leaf = false;  ///< made as a partition, so that it cannot have had rows when it became one
  bool operator==(const CatalogLeaf&) const = default;
};

/// A table that keeps rows: ordinary or the root of a partitioned one.
struct CatalogTable {
  ObjectId oid = 0;
  std::string schema;
  std::string name;
  bool partitioned = false;
  bool unlogged = false;
  char replica_identity = 'd';         ///< as pg_class has it
  std::vector<int> identity_index;     ///< columns of the REPLICA IDENTITY index; empty where there is none (any more)
  std::vector<int> primary_key;        ///< in key order
  bool primary_key_deferred = false;   ///< DEFERRABLE: no identity for the server
  bool identity_in_all_leaves = true;  ///< of a partitioned table: the server asks each leaf for one of its own
  bool row_security = false;           ///< hides rows from whoever asked
  bool readable = true;                ///< by whoever asked
  bool owned = true;                   ///< by whoever asked, or by a role of theirs
  std::uint64_t bytes = 0;             ///< not compared
  std::vector<CatalogLeaf> leaves;     ///< by oid; of a table that is not partitioned: itself
  std::vector<CatalogColumn> columns;  ///< by number, dropped ones absent
  /// Of a picture as_mirrored(): numbers of columns that the rules kept away.
  std::vector<int> left_out{};

  const CatalogColumn* column(int number) const;
  const CatalogColumn* column(std::string_view column_name) const;
};

/// An object with the statement that makes it in another server.
struct ScriptedObject {
  ObjectNode node;     ///< empty for parts that have none of their own
  ObjectId table = 0;  ///< that it is attached to; 0: none
  change::SchemaStatement statement;
  /// Transactions that last defined it, of views: their text also changes with the names of what they are about.
  std::string written_by{};
  std::string undo;  ///< takes it away again; empty for what a mirror keeps: schemas, types, tables, sequences
};

/// What the catalog of one database says about its tables at one moment, without any rule applied: no system tables, no
/// temporary ones, none that belong to an extension, no leaves (their root stands for them).
struct CatalogPicture {
  /// Whatever the picture shows was committed at or before this place of the log.
  change::Position as_of;
  std::vector<CatalogTable> tables;     ///< by oid
  std::vector<ScriptedObject> objects;  ///< scripted_objects(), where they were asked for

  const CatalogTable* table(ObjectId oid) const;
};

/// Reads the picture, without objects, in one statement's snapshot after the other: in a REPEATABLE READ transaction
/// it is that of the transaction. Takes the weakest locks at most, which a savepoint can give back. `connection` must
/// have an empty search_path. Throws DatabaseError.
CatalogPicture read_catalog_picture(libpq::Connection& connection);

}  // namespace pgmirror::capture::postgres
