#pragma once

#include <vector>

#include "capture/postgres/catalog_event.hpp"

namespace pgmirror::capture::postgres {

/// What happened to the tables between two pictures, and to their generated columns, which relations do not have.
/// `before` is a picture as_mirrored(). Pure.
std::vector<CatalogEvent> table_changes(const CatalogPicture& before, const CatalogPicture& after,
                                        const config::TableRules& rules);

}  // namespace pgmirror::capture::postgres
