#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/sqlite/page_image.hpp"
#include "capture/sqlite/text_encoding.hpp"
#include "change/relation.hpp"
#include "change/value.hpp"

namespace pgmirror::capture::sqlite {

/// What a record that is older than an ADD COLUMN has for the column.
struct StoredDefault {
  change::ValueKind kind = change::ValueKind::null;
  std::int64_t integer = 0;
  double real = 0;
  std::string bytes{};

  /// A view of this object.
  change::Value value() const;
  bool operator==(const StoredDefault&) const = default;
};

/// One field of the record, in the order in which the record stores them.
struct StoredField {
  /// Position in Relation::columns; none when the user excluded the column.
  std::optional<std::size_t> column{};
  std::string name;
  bool real = false;          ///< REAL affinity: a number stored as integer to save space is a real
  bool generated = false;     ///< GENERATED ... STORED
  bool row_id_alias = false;  ///< INTEGER PRIMARY KEY: the record has NULL, the value is the rowid
  StoredDefault fallback{};   ///< for a record that ends before this field
  /// The fallback is what SQLite itself gives to rows that were there before the column. False where the default is an
  /// expression: SQLite then lets such a column be added only together with its values.
  bool constant_default = true;
  bool operator==(const StoredField&) const = default;
};

enum class Collation : std::uint8_t { binary, nocase, rtrim, unknown };

/// How a field of a WITHOUT ROWID key is ordered in the tree.
struct KeyField {
  Collation collation = Collation::binary;
  bool descending = false;
  bool operator==(const KeyField&) const = default;
};

/// A column that is not stored and must be computed from the others.
struct VirtualColumn {
  std::string name;
  std::size_t column = 0;  ///< position in Relation::columns
  bool operator==(const VirtualColumn&) const = default;
};

/// How one table is stored: relation, root page, record layout. Immutable, shared, safe from any thread.
struct TableLayout {
  change::RelationPtr relation;
  PageNumber root = 0;
  std::string sql;  ///< the table's CREATE statement
  TextEncoding encoding = TextEncoding::utf8;
  bool without_rowid = false;
  std::vector<StoredField> fields;
  /// WITHOUT ROWID: how the first fields, which are the key, are ordered. Else empty.
  std::vector<KeyField> key_order;
  std::vector<VirtualColumn> virtual_columns;
  /// Virtual columns that are not mirrored because only the application can compute them.
  std::vector<std::string> uncomputable_columns;
  /// Position in Relation::columns of each column that identifies a row, ascending.
  std::vector<std::size_t> identity;
};

using TableLayoutPtr = std::shared_ptr<const TableLayout>;

}  // namespace pgmirror::capture::sqlite
