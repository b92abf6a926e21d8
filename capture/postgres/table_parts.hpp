#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/postgres/catalog_picture.hpp"
#include "change/snapshot.hpp"

namespace pgmirror::capture::postgres {

/// One file's worth of rows, as the server estimates it.
struct LeafSize {
  ObjectId oid = 0;
  std::uint64_t blocks = 0;
  std::uint64_t rows = 0;
};

/// Which leaf and which rows of it a part is about.
struct LeafRange {
  std::optional<ObjectId> leaf;  ///< none: all of the table
  std::string where_sql;         ///< within the leaf; empty: all
};

/// Ranges of blocks of about 64 MB and more, no more than some hundred; the end of a large table in smaller ones, so
/// that several readers end together. Small leaves are one part each. `partitioned`:
/// parts name their leaf. `by_blocks`: the server reads a range of blocks without reading the others (PostgreSQL 14).
std::vector<change::TablePart> table_parts(const std::vector<LeafSize>& leaves, bool partitioned, bool by_blocks,
                                           std::uint64_t block_bytes);

/// Of a part that table_parts() made, or of the whole table.
LeafRange leaf_range(const change::TablePart& part);

}  // namespace pgmirror::capture::postgres
