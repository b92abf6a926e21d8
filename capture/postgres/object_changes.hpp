#pragma once

#include <set>
#include <vector>

#include "capture/postgres/catalog_event.hpp"

namespace pgmirror::capture::postgres {

/// What happened to objects beside the tables themselves, as statements. Pure.
struct ObjectChanges {
  std::vector<CatalogEvent> gone;       ///< to be taken away, those that need others first
  std::vector<CatalogEvent> for_rows;   ///< rows may need them: types, sequences, partitions
  std::vector<CatalogEvent> tables;     ///< new ones, whose rows are not in the stream yet, and what comes with them
  std::vector<CatalogEvent> layouts;    ///< of tables that were there: layout_changes.hpp
  std::vector<CatalogEvent> over_rows;  ///< made over the rows: parts of tables, views
};

/// `kept`: tables that are mirrored before and after. `renamed`: those among them whose name or columns are called
/// otherwise, which the statements of what is attached to them show although nothing else has changed.
ObjectChanges object_changes(const CatalogPicture& before, const CatalogPicture& after, const std::set<ObjectId>& kept,
                             const std::set<ObjectId>& renamed);

}  // namespace pgmirror::capture::postgres
