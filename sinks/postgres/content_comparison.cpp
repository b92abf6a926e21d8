#include "sinks/postgres/content_comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sinks/postgres/copy_encoder.hpp"
#include "sinks/postgres/copy_sender.hpp"
#include "sinks/postgres/hex_text.hpp"
#include "sinks/postgres/mirror_rows.hpp"
#include "sinks/postgres/odd_values.hpp"
#include "sinks/postgres/text_array.hpp"

namespace pgmirror::sinks::postgres {

namespace {

constexpr std::size_t bucket_count = std::size_t{1} << 16U;
constexpr std::size_t most_samples = 10;
constexpr std::size_t block_bytes = std::size_t{256} << 10U;

std::size_t bucket_of(const RowDigest& key) { return key.high % bucket_count; }

RowDigest digest_of_odd(std::string_view storage, std::string_view raw) {
  return RowDigest::of(fmt::format("{}:{}", storage, raw));
}

}  // namespace

ContentComparison::ContentComparison(libpq::Connection& connection, change::Snapshot& snapshot,
                                     const SchemaBuilder& schema)
    : connection_(connection), snapshot_(snapshot), schema_(schema) {}

std::optional<TableComparison> ContentComparison::compare(const change::RelationPtr& relation, std::stop_token stop) {
  wanted_.clear();
  surplus_.clear();
  some_differ_ = false;
  source_odd_.clear();
  odd_wanted_.clear();
  odd_surplus_.clear();
  TableComparison result{.schema = schema_.schema_of(*relation), .name = relation->name};
  MirrorTablePtr table;
  try {
    table = schema_.describe(connection_, relation);
  } catch (const SchemaError& error) {
    result.not_comparable = error.what();
    return result;
  }
  find_different_buckets(*table, result, stop);
  if (!different_buckets_.empty()) tell_apart(*table, result, stop);
  compare_odd_values(*table, result);
  if (stop.stop_requested()) return std::nullopt;
  return result;
}

void ContentComparison::find_different_buckets(const MirrorTable& table, TableComparison& result,
                                               std::stop_token stop) {
  std::vector<RowDigest> source(bucket_count);
  std::vector<RowDigest> mirror(bucket_count);
  rows_in_bucket_.assign(bucket_count, 0);
  RowImage image;
  std::vector<std::size_t> odd;
  snapshot_.read(*table.relation, [&](change::Tuple cells) {
    image_of_source(table, cells, image, odd);
    const std::size_t bucket = bucket_of(RowDigest::of(image.key));
    source[bucket] += RowDigest::of(image.row);
    ++rows_in_bucket_[bucket];
    ++result.rows_in_source;
    for (const std::size_t column : odd) {
      const change::Value& value = cells[table.columns[column].source];
      source_odd_[{odd_key(table, cells), table.columns[column].name}] =
          digest_of_odd(storage_class(value.kind()), raw_bytes(value));
    }
    return !stop.stop_requested();
  });
  read_rows(connection_, comparable_select(table), [&](std::string_view fields) {
    image_of_mirror(table, fields, image);
    mirror[bucket_of(RowDigest::of(image.key))] += RowDigest::of(image.row);
    ++result.rows_in_mirror;
    return !stop.stop_requested();
  });
  different_buckets_.clear();
  if (source == mirror) return;
  different_buckets_.resize(bucket_count);
  for (std::size_t bucket = 0; bucket < bucket_count; ++bucket) {
    different_buckets_[bucket] = source[bucket] != mirror[bucket];
  }
}

void ContentComparison::tell_apart(const MirrorTable& table, TableComparison& result, std::stop_token stop) {
  for (std::size_t next = 0; next < bucket_count && !stop.stop_requested();) {
    std::vector<bool> group(bucket_count);
    bool any = false;
    for (std::uint64_t rows = 0; next < bucket_count && rows < most_rows_at_once; ++next) {
      if (!different_buckets_[next]) continue;
      group[next] = true;
      any = true;
      rows += rows_in_bucket_[next];
    }
    if (any && table.key.empty()) count_apart(table, group, result, stop);
    if (any && !table.key.empty()) tell_apart(table, group, result, stop);
  }
  sample_keys(table, result, stop);
}

void ContentComparison::tell_apart(const MirrorTable& table, const std::vector<bool>& buckets, TableComparison& result,
                                   std::stop_token stop) {
  Digests source;
  RowImage image;
  std::vector<std::size_t> odd;
  snapshot_.read(*table.relation, [&](change::Tuple cells) {
    image_of_source(table, cells, image, odd);
    const RowDigest key = RowDigest::of(image.key);
    if (buckets[bucket_of(key)]) source[key] = RowDigest::of(image.row);
    return !stop.stop_requested();
  });
  read_rows(connection_, comparable_select(table), [&](std::string_view fields) {
    image_of_mirror(table, fields, image);
    const RowDigest key = RowDigest::of(image.key);
    if (!buckets[bucket_of(key)]) return !stop.stop_requested();
    const auto found = source.find(key);
    if (found == source.end()) {
      ++result.extra;
      surplus_.insert(key);
    } else {
      if (found->second != RowDigest::of(image.row)) {
        ++result.different;
        some_differ_ = true;
        wanted_.insert(key);
      }
      source.erase(found);
    }
    return !stop.stop_requested();
  });
  result.missing += source.size();
  for (const auto& [key, row] : source) wanted_.insert(key);
}

/// Rows that only their content names: where their numbers differ, all of them are sent again.
void ContentComparison::count_apart(const MirrorTable& table, const std::vector<bool>& buckets, TableComparison& result,
                                    std::stop_token stop) {
  struct Copies {
    std::uint64_t source = 0;
    std::uint64_t mirror = 0;
  };
  std::unordered_map<RowDigest, Copies, RowDigest::Hash> rows;
  RowImage image;
  std::vector<std::size_t> odd;
  snapshot_.read(*table.relation, [&](change::Tuple cells) {
    image_of_source(table, cells, image, odd);
    const RowDigest row = RowDigest::of(image.row);
    if (buckets[bucket_of(row)]) ++rows[row].source;
    return !stop.stop_requested();
  });
  read_rows(connection_, comparable_select(table), [&](std::string_view fields) {
    image_of_mirror(table, fields, image);
    const RowDigest row = RowDigest::of(image.row);
    if (buckets[bucket_of(row)]) ++rows[row].mirror;
    return !stop.stop_requested();
  });
  for (const auto& [row, copies] : rows) {
    if (copies.source == copies.mirror) continue;
    result.missing += copies.source - std::min(copies.source, copies.mirror);
    result.extra += copies.mirror - std::min(copies.source, copies.mirror);
    (copies.source == 0 ? surplus_ : wanted_).insert(row);
    some_differ_ = some_differ_ || copies.mirror > 0;
  }
}

/// Worth another pass only because there is something to show.
void ContentComparison::sample_keys(const MirrorTable& table, TableComparison& result, std::stop_token stop) {
  if (wanted_.empty()) return;
  RowImage image;
  std::vector<std::size_t> odd;
  snapshot_.read(*table.relation, [&](change::Tuple cells) {
    image_of_source(table, cells, image, odd);
    if (wanted_.contains(RowDigest::of(image.key))) result.sample_keys.push_back(odd_key(table, cells));
    return result.sample_keys.size() < most_samples && !stop.stop_requested();
  });
}

void ContentComparison::compare_odd_values(const MirrorTable& table, TableComparison& result) {
  libpq::Parameters parameters;
  parameters.text(table.schema).text(table.name);
  const libpq::Result rows = connection_.execute(
      "SELECT key, column_name, storage_class, encode(raw, 'hex') FROM pgmirror.odd_values"
      " WHERE schema_name = $1 AND table_name = $2",
      parameters);
  OddEntries expected = source_odd_;
  for (int row = 0; row < rows.rows(); ++row) {
    const std::pair entry{std::string(rows.text(row, 0)), std::string(rows.text(row, 1))};
    const auto found = expected.find(entry);
    if (found == expected.end()) {
      odd_surplus_.insert(entry);
    } else {
      if (found->second != digest_of_odd(rows.text(row, 2), bytes_of_hex(rows.text(row, 3))))
        odd_wanted_.insert(entry.first);
      expected.erase(found);
    }
  }
  for (const auto& [entry, digest] : expected) odd_wanted_.insert(entry.first);
  std::set<std::string> rows_concerned = odd_wanted_;
  for (const auto& [key, column] : odd_surplus_) rows_concerned.insert(key);
  result.different += rows_concerned.size();
}

std::uint64_t ContentComparison::repair(const change::RelationPtr& relation) {
  const MirrorTablePtr table = schema_.describe(connection_, relation);
  delete_surplus_odd_values(*table);
  delete_rows(*table);
  return odd_surplus_.size() + surplus_.size() + send_rows(*table);
}

void ContentComparison::delete_surplus_odd_values(const MirrorTable& table) {
  if (odd_surplus_.empty()) return;
  std::vector<std::string> keys;
  std::vector<std::string> columns;
  for (const auto& [key, column] : odd_surplus_) {
    keys.push_back(key);
    columns.push_back(column);
  }
  libpq::Parameters parameters;
  parameters.text(table.schema).text(table.name);
  for (const auto& texts : {keys, columns}) parameters.binary(bytes_array(texts, text_oid), text_array_oid);
  connection_.execute(
      "DELETE FROM pgmirror.odd_values o USING unnest($3::text[], $4::text[]) AS gone (key, column_name)"
      " WHERE o.schema_name = $1 AND o.table_name = $2 AND o.key = gone.key AND o.column_name = gone.column_name",
      parameters);
}

void ContentComparison::delete_rows(const MirrorTable& table) {
  if (surplus_.empty() && !some_differ_) return;
  // The rows are named by where they lie: nobody else writes the table in this transaction.
  connection_.execute("LOCK TABLE " + table.quoted + " IN SHARE ROW EXCLUSIVE MODE");
  std::string places;
  RowImage image;
  const std::string select = comparable_select(table);
  const std::string with_place = "SELECT ctid::text, " + select.substr(std::string_view("SELECT ").size());
  read_rows(connection_, with_place, [&](std::string_view fields) {
    const std::size_t length = static_cast<unsigned char>(fields[3]);  // a ctid's text is short
    image_of_mirror(table, fields.substr(4 + length), image);
    const RowDigest key = RowDigest::of(image.key);
    if (!surplus_.contains(key) && !wanted_.contains(key)) return true;
    places += places.empty() ? "{\"" : ",\"";
    places.append(fields.substr(4, length)).append("\"");
    return true;
  });
  if (places.empty()) return;
  libpq::Parameters parameters;
  parameters.text(places + "}");
  connection_.execute("DELETE FROM " + table.quoted + " WHERE ctid = ANY ($1::tid[])", parameters);
}

std::uint64_t ContentComparison::send_rows(const MirrorTable& table) {
  if (wanted_.empty() && odd_wanted_.empty()) return 0;
  CopyEncoder encoder(table);
  CopySender sender(connection_, table, encoder);
  CopyBlock block;
  OddValues odd_alone;
  std::set<std::string> odd_rows;
  const auto send = [&] {
    sender.send(block, std::move(block.odd));
    block = {};
  };
  RowImage image;
  std::vector<std::size_t> odd_columns;
  snapshot_.read(*table.relation, [&](change::Tuple cells) {
    image_of_source(table, cells, image, odd_columns);
    if (wanted_.contains(RowDigest::of(image.key))) {
      encoder.append(block, cells);
      if (block.bytes.size() >= block_bytes || block.odd.bytes() >= block_bytes) send();
    } else if (!odd_wanted_.empty() && !odd_columns.empty()) {
      const std::string key = odd_key(table, cells);
      if (!odd_wanted_.contains(key)) return true;
      odd_rows.insert(key);
      for (const std::size_t column : odd_columns) {
        odd_alone.add(table, key, table.columns[column], cells[table.columns[column].source]);
      }
    }
    return true;
  });
  if (block.rows > 0) send();
  const std::uint64_t sent = sender.finish();
  odd_alone.write(connection_);
  return sent + odd_rows.size();
}

}  // namespace pgmirror::sinks::postgres
