#pragma once

#include <set>
#include <vector>

#include "capture/postgres/catalog_event.hpp"

namespace pgmirror::capture::postgres {

/// What happened to the columns, constraints and indexes of tables that are mirrored before and after, as statements:
/// such a table is told as it is now, whole, so that a mirror comes to it from wherever it stands.
struct LayoutChanges {
  std::set<ObjectId> tables;          ///< that are told
  std::vector<CatalogEvent> gone;     ///< what may refuse rows on their way, to be taken away early
  std::vector<CatalogEvent> layouts;  ///< parts that are called otherwise, then the layouts; the parts come behind
};

/// Whether the object is the layout of a table or one of its parts.
inline bool of_layout(const ScriptedObject& object) { return !object.statement.table.empty(); }

/// `kept`: the tables. Pure.
LayoutChanges layout_changes(const CatalogPicture& before, const CatalogPicture& after, const std::set<ObjectId>& kept);

}  // namespace pgmirror::capture::postgres
