#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "change/snapshot.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/compared_table.hpp"
#include "sinks/postgres/mirror_table.hpp"
#include "sinks/postgres/reading_pace.hpp"
#include "sinks/postgres/row_digest.hpp"
#include "sinks/postgres/schema_builder.hpp"

namespace pgmirror::sinks::postgres {

/// How one table of the mirror differs from the source.
struct TableComparison {
  std::string schema;  ///< in the mirror
  std::string name;
  std::uint64_t rows_in_source = 0;
  std::uint64_t rows_in_mirror = 0;
  std::uint64_t missing = 0;             ///< keys that only the source has
  std::uint64_t extra = 0;               ///< rows that only the mirror has
  std::uint64_t different = 0;           ///< rows, or their odd values, with other content
  std::vector<std::string> sample_keys;  ///< some of them, as pgmirror.odd_values writes keys
  std::string not_comparable;            ///< why, where the table cannot be compared at all

  bool equal() const { return missing + extra + different == 0 && not_comparable.empty(); }
};

/// Compares source and mirror by content, and mends what differs.
///
/// Rows are summed up in buckets by key, and only buckets that differ are looked into, as many at a time as hold
/// most_rows_at_once rows; how much of that leaves the servers is ComparedTable's matter. Memory: some dozen bytes for
/// each of those rows and for each differing key. One thread; blocks.
class ContentComparison {
 public:
  static constexpr std::uint64_t most_rows_at_once = 1'000'000;
  static constexpr std::uint64_t no_limit = ~std::uint64_t{0};

  /// The mirror must stand at the snapshot's position for as long as this object is used, and `connection` see it, in a
  /// transaction whose settings are pinned. `bytes_per_second`: how much is read from the source at most, 0: no limit.
  ContentComparison(libpq::Connection& connection, change::Snapshot& snapshot, const SchemaBuilder& schema,
                    std::uint64_t bytes_per_second = 0);

  /// Nothing when stopped. Throws DatabaseError and what the snapshot throws.
  std::optional<TableComparison> compare(const change::RelationPtr& relation, const std::stop_token& stop);
  /// Gives up where far more than `most` rows differ: nothing then too.
  std::optional<TableComparison> compare(MirrorTablePtr table, const std::stop_token& stop,
                                         std::uint64_t most = no_limit);

  /// Makes the rows found to differ in the last compare() as the source has them, inside the caller's transaction, and
  /// only those: rows are deleted in one statement and sent by COPY. Returns how many rows it touched.
  std::uint64_t repair();

 private:
  using OddEntries = std::map<std::pair<std::string, std::string>, RowDigest>;  ///< by key text and column name
  using Buckets = ComparedTable::Buckets;

  void find_different_buckets(TableComparison& result, const std::stop_token& stop);
  /// False when more than `most` rows differ.
  bool tell_apart(TableComparison& result, std::uint64_t most, const std::stop_token& stop);
  void tell_apart(const Buckets& buckets, TableComparison& result, const std::stop_token& stop);
  void count_apart(const Buckets& buckets, TableComparison& result, const std::stop_token& stop);
  void sample_keys(TableComparison& result, const std::stop_token& stop);
  void compare_odd_values(TableComparison& result);

  void delete_surplus_odd_values();
  /// Surplus rows, and those that are sent anew.
  void delete_rows();
  std::uint64_t send_rows();

  libpq::Connection& connection_;
  change::Snapshot& snapshot_;
  const SchemaBuilder& schema_;
  ReadingPace pace_;
  MirrorTablePtr table_;  ///< of the last compare()
  std::unique_ptr<ComparedTable> rows_;
  Buckets different_buckets_;  ///< empty: none
  std::vector<change::BucketSum> source_sums_;
  using Keys = std::unordered_set<RowDigest, RowDigest::Hash>;
  Keys wanted_;               ///< keys of rows that the mirror has to get from the source
  Keys surplus_;              ///< keys of rows that the mirror has to lose
  bool some_differ_ = false;  ///< some of the wanted rows stand in the mirror with other content
  OddEntries source_odd_;
  std::set<std::string> odd_wanted_;                           ///< key texts of rows whose odd values differ
  std::set<std::pair<std::string, std::string>> odd_surplus_;  ///< odd values without a row in the source
};

}  // namespace pgmirror::sinks::postgres
