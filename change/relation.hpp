#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pgmirror::change {

/// How the source treats the values of a column; the sink derives a target type from it.
///
/// SQLite: the column's affinity, refined where the declared type says more (boolean, datetime, json, any). PostgreSQL:
/// always `native`, and Column::declared_type is the type as format_type() prints it.
enum class TypeFamily : std::uint8_t { native, integer, real, numeric, boolean, text, datetime, json, blob, any };

struct Column {
  std::string name;
  std::string declared_type;  ///< as the source declares it, empty when it declares none
  TypeFamily family = TypeFamily::any;
  bool not_null = false;
  bool generated = false;                    ///< computed by the source; an ordinary column in the mirror
  std::optional<std::string> default_sql{};  ///< the source's own expression text
  std::string collation{};                   ///< empty: the source's default
  bool operator==(const Column&) const = default;
};

struct Index {
  std::string name;
  bool unique = false;
  /// Column names in index order. Empty for an index over expressions, which `definition` alone describes.
  std::vector<std::string> columns;
  std::string where_sql{};   ///< predicate of a partial index in the source's own SQL, else empty
  std::string definition{};  ///< the source's whole statement, for messages; empty where a constraint made the index
  std::vector<std::string> collations{};  ///< one per column, empty string: the column's own
  bool operator==(const Index&) const = default;
};

struct ForeignKey {
  std::vector<std::string> columns;
  std::string referenced_schema;
  std::string referenced_table;
  std::vector<std::string> referenced_columns;  ///< never empty: an implied primary key is written out
  bool operator==(const ForeignKey&) const = default;
};

/// What the source tells of a row that was changed or removed (PostgreSQL manual: ALTER TABLE, REPLICA IDENTITY).
enum class ReplicaIdentity : std::uint8_t {
  key,      ///< the cells of Relation::key
  full,     ///< all cells, on every update and removal
  nothing,  ///< nothing: only inserts and truncations can be mirrored
};

/// A table as the source described it at one commit. Immutable and shared; a schema change makes a new one.
///
/// Columns and tables that the user excluded are absent: they never leave the source.
///
/// A SQLite table whose rowid has no name (no INTEGER PRIMARY KEY, not WITHOUT ROWID) has the rowid as its first
/// column, named `row_id_column`, with has_row_id set. The sink keeps that column in the mirror only where the declared
/// key cannot serve as a key there.
struct Relation {
  static constexpr const char* row_id_column = "pgmirror_rowid";

  std::string schema;  ///< empty for a SQLite store
  std::string name;
  std::vector<Column> columns;
  std::vector<std::size_t>
      key;                  ///< positions in columns of the declared primary key, in key order; empty: none declared
  bool has_row_id = false;  ///< columns[0] is the unnamed rowid
  std::vector<Index> indexes{};
  std::vector<ForeignKey> foreign_keys{};
  /// A SQLite table is always identified by its key. A PostgreSQL table whose replica identity is an index has that
  /// index's columns as `key`; with `full` the key is the primary key, where there is one.
  ReplicaIdentity identity = ReplicaIdentity::key;

  /// `schema.name`, or `name` where the schema is empty.
  std::string qualified_name() const;
  std::optional<std::size_t> column_position(const std::string& column_name) const;
  bool operator==(const Relation&) const = default;
};

using RelationPtr = std::shared_ptr<const Relation>;

}  // namespace pgmirror::change
