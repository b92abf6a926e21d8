#include "sinks/postgres/hashed_table.hpp"

#include <algorithm>
#include <bit>

#include "libpq/copy_stream.hpp"
#include "sinks/postgres/imaged_table.hpp"

namespace pgmirror::sinks::postgres {
namespace {

constexpr std::size_t fewest_buckets = 64;
constexpr std::size_t most_buckets = std::size_t{1} << 16U;
/// Small enough that one row that differs brings few others with it, large enough that sums are little beside rows.
constexpr std::uint64_t rows_in_bucket = 32;

RowDigest key_digest(const change::RowHashes& hashes) { return {.low = hashes.key_low, .high = hashes.key_high}; }

/// The next cell of a line of COPY text without escapes.
std::string_view next_cell(std::string_view& line) {
  const std::size_t end = std::min(line.find_first_of("\t\n"), line.size());
  const std::string_view cell = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return cell;
}

/// Calls `consume` with the hashes of each row and what was selected besides.
void each_row(libpq::Connection& connection, const std::string& sql,
              const std::function<bool(const change::RowHashes&, std::string_view)>& consume) {
  libpq::CopyOut rows = connection.copy_out("COPY (" + sql + ") TO STDOUT");
  while (auto line = rows.read()) {
    change::RowHashes hashes;
    hashes.key_low = libpq::wrapped_sum(next_cell(*line));
    hashes.key_high = libpq::wrapped_sum(next_cell(*line));
    hashes.row = libpq::wrapped_sum(next_cell(*line));
    if (!consume(hashes, next_cell(*line))) return;
  }
}

}  // namespace

change::RowHashing hashing_of(const MirrorTable& table, std::size_t buckets) {
  change::RowHashing hashing{.buckets = buckets};
  const auto name = [&](const MirrorColumn& column) { return table.relation->columns[column.source].name; };
  for (const MirrorColumn& column : table.columns) hashing.columns.push_back(name(column));
  for (const std::size_t place : table.key) hashing.key.push_back(name(table.columns[place]));
  return hashing;
}

libpq::HashedRows hashed_rows(const MirrorTable& table, std::size_t buckets) {
  libpq::HashedRows rows{.from = table.quoted, .buckets = buckets};
  for (const MirrorColumn& column : table.columns) rows.columns.push_back(column.quoted);
  for (const std::size_t place : table.key) rows.key.push_back(table.columns[place].quoted);
  return rows;
}

HashedTable::HashedTable(libpq::Connection& connection, change::Snapshot& snapshot, const MirrorTable& table,
                         ReadingPace& pace)
    : connection_(connection),
      snapshot_(snapshot),
      table_(table),
      pace_(pace),
      parts_(snapshot.parts(*table.relation)) {
  if (parts_.empty()) parts_.emplace_back();
  std::uint64_t rows = 0;
  for (const change::TablePart& part : parts_) {
    rows += std::max(part.rows, part.bytes / 256);
    bytes_ += part.bytes;
  }
  const std::size_t buckets =
      std::bit_ceil(std::clamp<std::uint64_t>(rows / rows_in_bucket, fewest_buckets, most_buckets));
  hashing_ = hashing_of(table, buckets);
  standing_ = hashed_rows(table, buckets);
}

std::vector<change::BucketSum> HashedTable::sum_source(const Cells&, const std::stop_token& stop) {
  std::vector<change::BucketSum> sums(hashing_.buckets);
  for (const change::TablePart& part : parts_) {
    if (stop.stop_requested()) break;
    const auto found = snapshot_.bucket_sums(*table_.relation, part, hashing_);
    for (std::size_t bucket = 0; bucket < sums.size(); ++bucket) sums[bucket] += found[bucket];
    pace_.read(part.bytes, stop);
  }
  return sums;
}

std::vector<change::BucketSum> HashedTable::sum_mirror(const std::stop_token&) {
  std::vector<change::BucketSum> sums(hashing_.buckets);
  const libpq::Result found = connection_.execute(libpq::bucket_sums_sql(standing_));
  for (int row = 0; row < found.rows(); ++row) {
    sums[static_cast<std::size_t>(found.integer(row, 0))] = {.rows = libpq::wrapped_sum(found.text(row, 1)),
                                                             .sum = libpq::wrapped_sum(found.text(row, 2)),
                                                             .mixed_sum = libpq::wrapped_sum(found.text(row, 3))};
  }
  return sums;
}

void HashedTable::source_digests(const Buckets& buckets, const Digests& consume) {
  snapshot_.read_buckets(
      *table_.relation, hashing_, buckets, false,
      [&](const change::RowHashes& hashes, change::Tuple) { return consume(key_digest(hashes), {.low = hashes.row}); });
  pace_.read(bytes_, {});
}

void HashedTable::mirror_digests(const Buckets& buckets, const Digests& consume) {
  each_row(connection_, libpq::row_hashes_sql(standing_, buckets, {}),
           [&](const change::RowHashes& hashes, std::string_view) {
             return consume(key_digest(hashes), {.low = hashes.row});
           });
}

void HashedTable::source_cells(const Buckets& buckets, const Cells& consume) {
  snapshot_.read_buckets(
      *table_.relation, hashing_, buckets, true,
      [&](const change::RowHashes& hashes, change::Tuple cells) { return consume(key_digest(hashes), cells, {}); });
}

void HashedTable::mirror_places(const Buckets& buckets, const Places& consume) {
  each_row(connection_, libpq::row_hashes_sql(standing_, buckets, std::string(", ") + place_sql),
           [&](const change::RowHashes& hashes, std::string_view place) { return consume(key_digest(hashes), place); });
}

std::unique_ptr<ComparedTable> compared_table(libpq::Connection& connection, change::Snapshot& snapshot,
                                              const MirrorTable& table, ReadingPace& pace) {
  if (snapshot.gives_row_hashes() && table.of_postgres() && !table.columns.empty() && libpq::hashes_utf8(connection)) {
    return std::make_unique<HashedTable>(connection, snapshot, table, pace);
  }
  return std::make_unique<ImagedTable>(connection, snapshot, table, pace);
}

}  // namespace pgmirror::sinks::postgres
