#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pgmirror::change {

/// One statement that makes, or changes, an object of a PostgreSQL source in another PostgreSQL, in the source server's
/// own words (its deparsers), with every name qualified by its schema. Owners and grants are left out.
///
/// A SQLite store has none: its mirror's schema is derived from Relation.
struct SchemaStatement {
  enum class Stage : std::uint8_t {
    before_data,  ///< schemas, extensions, types, sequences, tables without constraints
    after_data,   ///< constraints, indexes, foreign keys, views, functions, triggers, comments
  };
  Stage stage = Stage::before_data;
  std::string kind;    ///< as people name it: `schema`, `enum type`, `table`, `index`, `foreign key`, `view`
  std::string schema;  ///< of the object; empty where it belongs to none
  std::string name;    ///< of the object; of the table and the object, `orders.orders_pkey`, for a table's part
  std::string sql;
  /// Rows cannot be mirrored without it, so a refusal ends the preparation. Others are left out with the reason.
  bool required = false;
  /// The table, without its schema, that the object is a part of; empty for what stands by itself.
  std::string table{};
  /// Of a table's part its key: `constraint t_pkey`, `default id`. Of a `table layout` the keys of all that the table
  /// has, columns with them. Of an enum all its labels, as literals behind the source's numbers; of a domain its
  /// constraints.
  std::vector<std::string> parts{};

  bool operator==(const SchemaStatement&) const = default;
};

/// SchemaStatement::kind of what makes nothing, but says that a table has these parts and no others: the statements
/// that make them follow. What else the mirror has of the source's there goes.
inline constexpr const char* table_layout_kind = "table layout";
/// SchemaStatement::kind of what says that an enum has these labels, some of which may be new.
inline constexpr const char* enum_label_kind = "enum label";
/// SchemaStatement::kind of what says that they are called so from here on.
inline constexpr const char* renamed_label_kind = "renamed label";

/// How far a sequence of a PostgreSQL source has been used.
struct SequenceValue {
  std::string schema;
  std::string name;
  /// The mirror's sequence is brought at least as far in its direction, never back.
  std::int64_t value = 0;
  bool descending = false;
  /// Whose sequence it is, in the same schema; both empty: nobody's. A mirror may call that column's sequence
  /// otherwise.
  std::string table{};
  std::string column{};

  bool operator==(const SequenceValue&) const = default;
};

}  // namespace pgmirror::change
