#pragma once

#include "sinks/postgres/compared_table.hpp"

namespace pgmirror::sinks::postgres {

/// ComparedTable over images of rows (RowImage): both sides are read whole each time, and filtered here.
class ImagedTable : public ComparedTable {
 public:
  ImagedTable(libpq::Connection& connection, change::Snapshot& snapshot, const MirrorTable& table, ReadingPace& pace)
      : connection_(connection), snapshot_(snapshot), table_(table), pace_(pace) {}

  std::vector<change::BucketSum> sum_source(const Cells& odd, const std::stop_token& stop) override;
  std::vector<change::BucketSum> sum_mirror(const std::stop_token& stop) override;
  void source_digests(const Buckets& buckets, const Digests& consume) override;
  void mirror_digests(const Buckets& buckets, const Digests& consume) override;
  void source_cells(const Buckets& buckets, const Cells& consume) override;
  void mirror_places(const Buckets& buckets, const Places& consume) override;

 private:
  using SourceRows = std::function<bool(const RowDigest& key, const RowDigest& row, change::Tuple cells,
                                        const std::vector<std::size_t>& odd_columns)>;
  void each_source_row(const SourceRows& consume, const std::stop_token& stop);

  libpq::Connection& connection_;
  change::Snapshot& snapshot_;
  const MirrorTable& table_;
  ReadingPace& pace_;
};

}  // namespace pgmirror::sinks::postgres
