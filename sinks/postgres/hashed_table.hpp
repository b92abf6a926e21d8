#pragma once

#include <cstdint>
#include <string>

#include "libpq/row_hash_sql.hpp"
#include "sinks/postgres/compared_table.hpp"

namespace pgmirror::sinks::postgres {

/// ComparedTable over the hashes that both servers make of their rows (libpq/row_hash_sql.hpp). For a snapshot that
/// gives them and a table of a PostgreSQL source.
class HashedTable : public ComparedTable {
 public:
  HashedTable(libpq::Connection& connection, change::Snapshot& snapshot, const MirrorTable& table, ReadingPace& pace);

  std::vector<change::BucketSum> sum_source(const Cells& odd, const std::stop_token& stop) override;
  std::vector<change::BucketSum> sum_mirror(const std::stop_token& stop) override;
  void source_digests(const Buckets& buckets, const Digests& consume) override;
  void mirror_digests(const Buckets& buckets, const Digests& consume) override;
  void source_cells(const Buckets& buckets, const Cells& consume) override;
  void mirror_places(const Buckets& buckets, const Places& consume) override;

 private:
  libpq::Connection& connection_;
  change::Snapshot& snapshot_;
  const MirrorTable& table_;
  ReadingPace& pace_;
  std::vector<change::TablePart> parts_;
  std::uint64_t bytes_ = 0;
  change::RowHashing hashing_;  ///< in the source
  libpq::HashedRows standing_;  ///< in the mirror
};

/// How the rows that `table` is to hold are hashed in the source and in the mirror.
change::RowHashing hashing_of(const MirrorTable& table, std::size_t buckets);
libpq::HashedRows hashed_rows(const MirrorTable& table, std::size_t buckets);

}  // namespace pgmirror::sinks::postgres
