#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "capture/postgres/object_dependencies.hpp"
#include "capture/postgres/relation_catalog.hpp"

namespace pgmirror::capture::postgres {

/// Which objects can stand in a mirror that has the mirrored tables and columns and no others.
class ScriptScope {
 public:
  /// `dependencies` outlives the object. `views`: whether views may stand at all. Throws DatabaseError.
  ScriptScope(libpq::Connection& connection, const RelationCatalog& catalog, const ObjectDependencies& dependencies,
              bool views);

  bool has_table(ObjectId table) const { return columns_.contains(table); }
  /// Generated columns count where everything that they are computed from is mirrored.
  bool has_column(ObjectId table, int column) const;
  /// Functions that the default of a column calls. Such a default is made by a statement of its own: a function that
  /// the mirror does not have, or has in another schema, must not keep the table away.
  std::vector<ObjectNode> default_functions(ObjectId table, int column) const;
  /// Whether everything that the object needs can stand there.
  bool can_stand(ObjectNode object) const;

 private:
  bool needs_can_stand(ObjectNode object) const;

  const ObjectDependencies& dependencies_;
  std::map<ObjectId, std::set<int>> columns_;  ///< of mirrored tables
  std::set<std::pair<ObjectId, int>> generated_;
  std::set<ObjectId> left_out_;  ///< relations that cannot stand: tables, and views if unwanted
  mutable std::map<ObjectNode, bool> known_;
};

}  // namespace pgmirror::capture::postgres
