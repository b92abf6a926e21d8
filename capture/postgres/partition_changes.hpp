#pragma once

#include <vector>

#include "capture/postgres/catalog_event.hpp"
#include "capture/postgres/catalog_picture.hpp"

namespace pgmirror::capture::postgres {

/// Statements that follow the partitions of a mirror that keeps them, in the order of the commits. Rows that came or
/// went with a partition are a content gap of its table (table_changes.hpp).
struct PartitionChanges {
  std::vector<CatalogEvent> gone;  ///< what detaches, drops and renames them
  std::vector<CatalogEvent> come;  ///< what attaches them: behind the end of a table that becomes one
};
PartitionChanges partition_changes(const CatalogPicture& before, const CatalogPicture& after);

}  // namespace pgmirror::capture::postgres
