#pragma once

#include "capture/postgres/catalog_picture.hpp"
#include "config/table_rules.hpp"

namespace pgmirror::capture::postgres::triggers {

/// Makes `table` say how its rows are identified where triggers find its changes: by the primary key, else by the index
/// of its replica identity, else by all that is mirrored of a row. A deferred key, which a mirror cannot find rows by,
/// and one of which a part is not mirrored are none. Pure.
void identify_rows(CatalogTable& table, const config::TableRules& rules);

}  // namespace pgmirror::capture::postgres::triggers
