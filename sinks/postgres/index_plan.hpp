#pragma once

#include <string>

#include "change/relation.hpp"
#include "sinks/postgres/mirror_catalog.hpp"
#include "sinks/postgres/mirror_table.hpp"

namespace pgmirror::sinks::postgres {

/// An index or a foreign key that the mirror should have, or why it cannot.
struct ObjectPlan {
  std::string name;    ///< in the mirror, not quoted
  std::string sql;     ///< makes it; empty when it is left out, or there is nothing to do
  std::string reason;  ///< why it is left out, one sentence; empty when it is not
};

/// Plain columns keep their order; a NOCASE column becomes lower(column COLLATE "C"), which folds exactly ASCII, as
/// SQLite does. Indexes over expressions, RTRIM or unknown collations and predicates beyond translate_predicate() are
/// left out.
ObjectPlan plan_index(const MirrorTable& table, const change::Index& index);

/// DEFERRABLE INITIALLY DEFERRED, no action. `parent` stands in the mirror as `parent_quoted`; null when the referenced
/// table is not mirrored.
ObjectPlan plan_foreign_key(const MirrorTable& child, const change::ForeignKey& key, const std::string& parent_quoted,
                            const CatalogTable* parent);

/// The name under which the mirror has an index of the source.
std::string mirror_index_name(const change::Relation& relation, const change::Index& index);
/// The same for a foreign key.
std::string foreign_key_name(const change::Relation& relation, const change::ForeignKey& key);

}  // namespace pgmirror::sinks::postgres
