#include "sinks/postgres/content_comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sinks/postgres/copy_encoder.hpp"
#include "sinks/postgres/copy_sender.hpp"
#include "sinks/postgres/hex_text.hpp"
#include "sinks/postgres/odd_values.hpp"
#include "sinks/postgres/text_array.hpp"

namespace pgmirror::sinks::postgres {

namespace {

constexpr std::size_t most_samples = 10;
constexpr std::size_t block_bytes = std::size_t{256} << 10U;

RowDigest digest_of_odd(std::string_view storage, std::string_view raw) {
  return RowDigest::of(fmt::format("{}:{}", storage, raw));
}

}  // namespace

ContentComparison::ContentComparison(libpq::Connection& connection, change::Snapshot& snapshot,
                                     const SchemaBuilder& schema, std::uint64_t bytes_per_second)
    : connection_(connection), snapshot_(snapshot), schema_(schema), pace_(bytes_per_second) {}

std::optional<TableComparison> ContentComparison::compare(const change::RelationPtr& relation,
                                                          const std::stop_token& stop) {
  MirrorTablePtr table;
  try {
    table = schema_.describe(connection_, relation);
  } catch (const SchemaError& error) {
    return TableComparison{
        .schema = schema_.schema_of(*relation), .name = relation->name, .not_comparable = error.what()};
  }
  return compare(std::move(table), stop);
}

std::optional<TableComparison> ContentComparison::compare(MirrorTablePtr table, const std::stop_token& stop,
                                                          std::uint64_t most) {
  wanted_.clear();
  surplus_.clear();
  some_differ_ = false;
  source_odd_.clear();
  odd_wanted_.clear();
  odd_surplus_.clear();
  table_ = std::move(table);
  rows_ = compared_table(connection_, snapshot_, *table_, pace_);
  TableComparison result{.schema = table_->schema, .name = table_->relation->name};
  find_different_buckets(result, stop);
  if (!different_buckets_.empty() && !tell_apart(result, most, stop)) return std::nullopt;
  compare_odd_values(result);
  if (stop.stop_requested()) return std::nullopt;
  return result;
}

void ContentComparison::find_different_buckets(TableComparison& result, const std::stop_token& stop) {
  source_sums_ = rows_->sum_source(
      [&](const RowDigest&, change::Tuple cells, const std::vector<std::size_t>& odd) {
        for (const std::size_t column : odd) {
          const change::Value& value = cells[table_->columns[column].source];
          source_odd_[{odd_key(*table_, cells), table_->columns[column].name}] =
              digest_of_odd(storage_class(value.kind()), raw_bytes(value));
        }
        return true;
      },
      stop);
  const std::vector<change::BucketSum> mirror = rows_->sum_mirror(stop);
  for (const change::BucketSum& sum : source_sums_) result.rows_in_source += sum.rows;
  for (const change::BucketSum& sum : mirror) result.rows_in_mirror += sum.rows;
  different_buckets_.clear();
  if (source_sums_ == mirror) return;
  for (std::size_t bucket = 0; bucket < mirror.size(); ++bucket) {
    different_buckets_.push_back(source_sums_[bucket] != mirror[bucket]);
  }
}

bool ContentComparison::tell_apart(TableComparison& result, std::uint64_t most, const std::stop_token& stop) {
  const std::size_t count = different_buckets_.size();
  for (std::size_t next = 0; next < count && !stop.stop_requested();) {
    Buckets group(count);
    bool any = false;
    for (std::uint64_t rows = 0; next < count && rows < most_rows_at_once; ++next) {
      if (!different_buckets_[next]) continue;
      group[next] = true;
      any = true;
      rows += source_sums_[next].rows;
    }
    if (any && table_->key.empty()) count_apart(group, result, stop);
    if (any && !table_->key.empty()) tell_apart(group, result, stop);
    if (wanted_.size() + surplus_.size() > most) return false;
  }
  sample_keys(result, stop);
  return true;
}

void ContentComparison::tell_apart(const Buckets& buckets, TableComparison& result, const std::stop_token& stop) {
  struct Row {
    RowDigest content;
    bool met = false;
  };
  std::unordered_map<RowDigest, Row, RowDigest::Hash> source;
  rows_->source_digests(buckets, [&](const RowDigest& key, const RowDigest& row) {
    source[key] = {.content = row};
    return !stop.stop_requested();
  });
  rows_->mirror_digests(buckets, [&](const RowDigest& key, const RowDigest& row) {
    const auto found = source.find(key);
    if (found == source.end()) {
      ++result.extra;
      surplus_.insert(key);
      return !stop.stop_requested();
    }
    // Where the mirror has no index over the key yet, a row may stand there twice: all of them go, and one comes.
    const bool again = std::exchange(found->second.met, true);
    if (again || found->second.content != row) {
      ++(again ? result.extra : result.different);
      some_differ_ = true;
      wanted_.insert(key);
    }
    return !stop.stop_requested();
  });
  for (const auto& [key, row] : source) {
    if (row.met) continue;
    ++result.missing;
    wanted_.insert(key);
  }
}

/// Rows that only their content names: where their numbers differ, all of them are sent again.
void ContentComparison::count_apart(const Buckets& buckets, TableComparison& result, const std::stop_token& stop) {
  struct Copies {
    std::uint64_t source = 0;
    std::uint64_t mirror = 0;
  };
  std::unordered_map<RowDigest, Copies, RowDigest::Hash> rows;
  rows_->source_digests(buckets, [&](const RowDigest& row, const RowDigest&) {
    ++rows[row].source;
    return !stop.stop_requested();
  });
  rows_->mirror_digests(buckets, [&](const RowDigest& row, const RowDigest&) {
    ++rows[row].mirror;
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
void ContentComparison::sample_keys(TableComparison& result, const std::stop_token& stop) {
  if (wanted_.empty()) return;
  rows_->source_cells(different_buckets_, [&](const RowDigest& key, change::Tuple cells, const auto&) {
    if (wanted_.contains(key)) result.sample_keys.push_back(odd_key(*table_, cells));
    return result.sample_keys.size() < most_samples && !stop.stop_requested();
  });
}

void ContentComparison::compare_odd_values(TableComparison& result) {
  const MirrorTable& table = *table_;
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

std::uint64_t ContentComparison::repair() {
  delete_surplus_odd_values();
  delete_rows();
  return odd_surplus_.size() + surplus_.size() + send_rows();
}

void ContentComparison::delete_surplus_odd_values() {
  if (odd_surplus_.empty()) return;
  const MirrorTable& table = *table_;
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

void ContentComparison::delete_rows() {
  if (surplus_.empty() && !some_differ_) return;
  // The rows are named by where they lie: nobody else writes the table in this transaction.
  connection_.execute("LOCK TABLE " + table_->quoted + " IN SHARE ROW EXCLUSIVE MODE");
  std::map<std::string, std::string, std::less<>> places;  ///< by the table that keeps them: itself, or a partition
  rows_->mirror_places(different_buckets_, [&](const RowDigest& key, std::string_view place) {
    if (!surplus_.contains(key) && !wanted_.contains(key)) return true;
    const std::size_t space = place.find(' ');
    auto found = places.find(place.substr(0, space));
    if (found == places.end()) found = places.emplace(place.substr(0, space), std::string{}).first;
    found->second += found->second.empty() ? "{\"" : ",\"";
    found->second.append(place.substr(space + 1)).append("\"");
    return true;
  });
  for (const auto& [keeper, rows] : places) {
    connection_.execute(fmt::format("DELETE FROM {} WHERE ctid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.tid[])"
                                    " AND tableoid OPERATOR(pg_catalog.=) $2::pg_catalog.oid",
                                    table_->quoted),
                        libpq::Parameters::texts({rows + "}", keeper}));
  }
}

std::uint64_t ContentComparison::send_rows() {
  if (wanted_.empty() && odd_wanted_.empty()) return 0;
  CopyEncoder encoder(*table_);
  CopySender sender(connection_, *table_, encoder);
  CopyBlock block;
  OddValues odd_alone;
  std::set<std::string> odd_rows;
  const auto send = [&] {
    sender.send(block, std::move(block.odd));
    block = {};
  };
  // Odd values that differ belong to rows of any bucket.
  const Buckets all(source_sums_.size(), true);
  rows_->source_cells(odd_wanted_.empty() ? different_buckets_ : all,
                      [&](const RowDigest& digest, change::Tuple cells, const std::vector<std::size_t>& odd_columns) {
                        if (wanted_.contains(digest)) {
                          encoder.append(block, cells);
                          if (block.bytes.size() >= block_bytes || block.odd.bytes() >= block_bytes) send();
                        } else if (!odd_wanted_.empty() && !odd_columns.empty()) {
                          const std::string key = odd_key(*table_, cells);
                          if (!odd_wanted_.contains(key)) return true;
                          odd_rows.insert(key);
                          for (const std::size_t column : odd_columns) {
                            odd_alone.add(*table_, key, table_->columns[column], cells[table_->columns[column].source]);
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
