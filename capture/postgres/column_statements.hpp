#pragma once

#include <vector>

#include "capture/postgres/catalog_picture.hpp"
#include "change/schema_statement.hpp"
#include "config/table_rules.hpp"

namespace pgmirror::capture::postgres {

/// What has changed in a table's columns that its relation does not tell, or that no row needs: generated columns,
/// which the mirror computes by itself, defaults, and NOT NULL where it was set. `copied`: the table's rows are taken
/// anew. Pure.
std::vector<change::SchemaStatement> column_statements(const CatalogTable& before, const CatalogTable& after,
                                                       const config::TableRules& rules, bool copied);

}  // namespace pgmirror::capture::postgres
