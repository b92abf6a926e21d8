#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "change/relation.hpp"
#include "sinks/postgres/target_type.hpp"

namespace pgmirror::sinks::postgres {

struct MirrorColumn {
  std::size_t source = 0;  ///< position in Relation::columns
  std::string name;        ///< in the mirror, not quoted
  std::string quoted;
  TargetType type;
  bool not_null = false;    ///< the mirror refuses NULL, so an odd value there needs SchemaBuilder::allow_null first
  std::string equal = "=";  ///< the operator of the type's order, wherever its extension lives
  std::string compared_as;  ///< the type to compare it as, where its own has no equality; else empty
  bool identity_always = false;  ///< GENERATED ALWAYS AS IDENTITY: no UPDATE may set it
};

/// How one relation stands in the mirror. Immutable; a schema change makes a new one. Made by SchemaBuilder.
struct MirrorTable {
  change::RelationPtr relation;
  std::string schema;  ///< in the mirror, not quoted
  std::string name;
  std::string quoted;  ///< `"schema"."name"`
  /// In the order of Relation::columns. Lacks the relation's pgmirror_rowid where the declared key serves as the key.
  std::vector<MirrorColumn> columns;
  /// Positions in `columns`: the declared key if it is usable as a key here, else pgmirror_rowid alone. Empty only for
  /// a table that has neither (PostgreSQL sources).
  std::vector<std::size_t> key;
  bool lacks_key = false;  ///< the mirror has no primary key yet
  /// Unique indexes besides the key: row changes of a batch may depend on their order.
  bool has_unique_beyond_key = false;
  /// Positions in `columns` of what those indexes cover, as far as they are plain columns.
  std::vector<std::size_t> unique_columns;
  /// What is done to a row of one key depends on no row of another: no unique index beyond the key, nothing that fires,
  /// and keys that differ for us differ for the mirror.
  bool rows_stand_alone = false;
  /// Nothing tells its rows apart and nothing fires: one that comes depends on no other.
  bool takes_any_row = false;
  bool takes_copy = true;  ///< else its rows come by INSERT only
  /// Columns that the mirror alone has and that can be written, quoted: a row that is taken out and put back keeps
  /// them.
  std::vector<std::string> own_columns;

  bool keyed_by_row_id() const { return relation->has_row_id && key.size() == 1 && columns[key.front()].source == 0; }
  /// The cells are texts that a PostgreSQL source printed.
  bool of_postgres() const;
  bool has_identity_always() const;
};

using MirrorTablePtr = std::shared_ptr<const MirrorTable>;

}  // namespace pgmirror::sinks::postgres
