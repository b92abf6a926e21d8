#include "sinks/postgres/imaged_table.hpp"

#include <string>

#include "sinks/postgres/mirror_rows.hpp"

namespace pgmirror::sinks::postgres {
namespace {

constexpr std::size_t bucket_count = std::size_t{1} << 16U;
/// Between two looks at the clock.
constexpr std::uint64_t bytes_between_pauses = std::uint64_t{1} << 20U;

std::size_t bucket_of(const RowDigest& key) { return key.high % bucket_count; }

void add(std::vector<change::BucketSum>& sums, const RowDigest& key, const RowDigest& row) {
  sums[bucket_of(key)] += {.rows = 1, .sum = row.low, .mixed_sum = row.high};
}

}  // namespace

void ImagedTable::each_source_row(const SourceRows& consume, const std::stop_token& stop) {
  RowImage image;
  std::vector<std::size_t> odd;
  std::uint64_t unpaced = 0;
  snapshot_.read(*table_.relation, [&](change::Tuple cells) {
    image_of_source(table_, cells, image, odd);
    unpaced += image.row.size();
    if (unpaced >= bytes_between_pauses) {
      pace_.read(unpaced, stop);
      unpaced = 0;
    }
    return consume(RowDigest::of(image.key), RowDigest::of(image.row), cells, odd) && !stop.stop_requested();
  });
}

std::vector<change::BucketSum> ImagedTable::sum_source(const Cells& odd, const std::stop_token& stop) {
  std::vector<change::BucketSum> sums(bucket_count);
  each_source_row(
      [&](const RowDigest& key, const RowDigest& row, change::Tuple cells, const std::vector<std::size_t>& columns) {
        add(sums, key, row);
        return columns.empty() || odd(key, cells, columns);
      },
      stop);
  return sums;
}

std::vector<change::BucketSum> ImagedTable::sum_mirror(const std::stop_token& stop) {
  std::vector<change::BucketSum> sums(bucket_count);
  RowImage image;
  read_rows(connection_, comparable_select(table_), [&](std::string_view fields) {
    image_of_mirror(table_, fields, image);
    add(sums, RowDigest::of(image.key), RowDigest::of(image.row));
    return !stop.stop_requested();
  });
  return sums;
}

void ImagedTable::source_digests(const Buckets& buckets, const Digests& consume) {
  each_source_row([&](const RowDigest& key, const RowDigest& row, change::Tuple,
                      const auto&) { return !buckets[bucket_of(key)] || consume(key, row); },
                  {});
}

void ImagedTable::mirror_digests(const Buckets& buckets, const Digests& consume) {
  RowImage image;
  read_rows(connection_, comparable_select(table_), [&](std::string_view fields) {
    image_of_mirror(table_, fields, image);
    const RowDigest key = RowDigest::of(image.key);
    return !buckets[bucket_of(key)] || consume(key, RowDigest::of(image.row));
  });
}

void ImagedTable::source_cells(const Buckets& buckets, const Cells& consume) {
  each_source_row([&](const RowDigest& key, const RowDigest&, change::Tuple cells,
                      const auto& odd) { return !buckets[bucket_of(key)] || consume(key, cells, odd); },
                  {});
}

void ImagedTable::mirror_places(const Buckets& buckets, const Places& consume) {
  RowImage image;
  const std::string select = comparable_select(table_);
  const std::string with_place = "SELECT " + std::string(place_sql) + (table_.columns.empty() ? " " : ", ") +
                                 select.substr(std::string_view("SELECT ").size());
  read_rows(connection_, with_place, [&](std::string_view fields) {
    const std::size_t length = static_cast<unsigned char>(fields[3]);  // a place's text is short
    image_of_mirror(table_, fields.substr(4 + length), image);
    const RowDigest key = RowDigest::of(image.key);
    return !buckets[bucket_of(key)] || consume(key, fields.substr(4, length));
  });
}

}  // namespace pgmirror::sinks::postgres
