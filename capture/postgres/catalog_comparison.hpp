#pragma once

#include <vector>

#include "capture/postgres/catalog_event.hpp"
#include "config/table_rules.hpp"

namespace pgmirror::capture::postgres {

/// What of a picture is in the mirrors: tables and columns that the rules want. To be remembered, so that other rules
/// at the next start show as what they are: tables and columns that appear or disappear. Pure.
CatalogPicture as_mirrored(const CatalogPicture& picture, const config::TableRules& rules);

/// What has happened between two pictures of one database, in the order in which it is to be told: objects that are
/// gone, objects that rows may need, tables, objects over rows.
///
/// A table's content is taken anew where rows may have changed without a word in the stream: columns were rewritten, a
/// new one has values in the rows that were there, partitions came or went with rows. VACUUM FULL, CLUSTER, REINDEX
/// and TRUNCATE of a table of its own are none of these; of a partition they cannot be told from a TRUNCATE, which the
/// stream does not have. `before` is a picture as_mirrored(); `rules` are those of now. Pure.
std::vector<CatalogEvent> compare(const CatalogPicture& before, const CatalogPicture& after,
                                  const config::TableRules& rules);

}  // namespace pgmirror::capture::postgres
