#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>
#include <vector>

#include "change/snapshot.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/mirror_table.hpp"
#include "sinks/postgres/reading_pace.hpp"
#include "sinks/postgres/row_digest.hpp"

namespace pgmirror::sinks::postgres {

/// One table in the source and in the mirror, seen as rows that are told apart by digests of their keys, in buckets.
///
/// Both sides answer in any order. One thread; everything it was made of outlives it. All of it throws DatabaseError
/// and what the snapshot throws.
class ComparedTable {
 public:
  using Buckets = std::vector<bool>;
  using Digests = std::function<bool(const RowDigest& key, const RowDigest& row)>;
  /// `odd_columns`: positions (in MirrorTable::columns) of values that their column cannot hold.
  using Cells =
      std::function<bool(const RowDigest& key, change::Tuple cells, const std::vector<std::size_t>& odd_columns)>;
  /// `place`: the table that keeps the row, a space, and where in it the row lies (tableoid and ctid).
  using Places = std::function<bool(const RowDigest& key, std::string_view place)>;

  virtual ~ComparedTable() = default;

  /// One for each bucket. `odd` is called for rows that have odd values.
  virtual std::vector<change::BucketSum> sum_source(const Cells& odd, const std::stop_token& stop) = 0;
  virtual std::vector<change::BucketSum> sum_mirror(const std::stop_token& stop) = 0;

  /// The rows of some buckets, until `consume` returns false. Rows without a key have themselves as the key.
  virtual void source_digests(const Buckets& buckets, const Digests& consume) = 0;
  virtual void mirror_digests(const Buckets& buckets, const Digests& consume) = 0;
  virtual void source_cells(const Buckets& buckets, const Cells& consume) = 0;
  virtual void mirror_places(const Buckets& buckets, const Places& consume) = 0;
};

/// What a place is, in SQL.
inline constexpr const char* place_sql = "pg_catalog.concat(tableoid, ' ', ctid)";

/// Where both sides are PostgreSQL their servers sum up and filter, and hardly a row leaves them; otherwise all rows
/// are read and taken apart here, as the bytes that apply would send. `pace` limits what is read from the source.
std::unique_ptr<ComparedTable> compared_table(libpq::Connection& connection, change::Snapshot& snapshot,
                                              const MirrorTable& table, ReadingPace& pace);

}  // namespace pgmirror::sinks::postgres
