#pragma once

#include <string>
#include <vector>

#include "change/relation.hpp"
#include "config/config.hpp"
#include "sinks/postgres/mirror_catalog.hpp"
#include "sinks/postgres/mirror_table.hpp"

namespace pgmirror::sinks::postgres {

/// How a relation and a table that stands in the mirror go together.
struct TableMatch {
  MirrorTable table;
  /// Positions in Relation::columns that the mirror lacks; they are absent from table.columns. The rowid is not among
  /// them.
  std::vector<std::size_t> missing;
  /// What makes the table unusable, one sentence each, beginning with its name.
  std::vector<std::string> problems;
  /// Likewise: rows can be copied, but changed ones not found. Empty where the mirror has the key.
  std::string key_problem;
};

/// Matches by name. `target_schema` is where the relation lands.
TableMatch match_table(const change::RelationPtr& relation, const std::string& target_schema,
                       const CatalogTable& existing, const config::Mirror& mirror);

/// `types:` of the configuration for this column, null where it says nothing.
const config::TypeOverride* type_override(const config::Mirror& mirror, const change::Relation& relation,
                                          const change::Column& column);

}  // namespace pgmirror::sinks::postgres
