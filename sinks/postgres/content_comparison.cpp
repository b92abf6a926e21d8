#include "sinks/postgres/content_comparison.hpp"

#include <fmt/format.h>

#include "sinks/postgres/mirror_rows.hpp"
#include "sinks/postgres/net_batch.hpp"
#include "sinks/postgres/odd_values.hpp"
#include "sinks/postgres/row_statements.hpp"

namespace pgmirror::sinks::postgres {

namespace {

constexpr std::size_t bucket_count = std::size_t{1} << 16U;
constexpr std::size_t most_samples = 10;

std::size_t bucket_of(const RowDigest& key) { return key.high % bucket_count; }

RowDigest digest_of_odd(std::string_view storage, std::string_view raw) {
  return RowDigest::of(fmt::format("{}:{}", storage, raw));
}

change::Tuple whole(const change::RelationPtr& relation, const change::Value* cells) {
  return {cells, relation->columns.size()};
}

}  // namespace

ContentComparison::ContentComparison(libpq::Connection& connection, change::Snapshot& snapshot,
                                     const SchemaBuilder& schema)
    : connection_(connection), snapshot_(snapshot), schema_(schema) {}

std::optional<TableComparison> ContentComparison::compare(const change::RelationPtr& relation, std::stop_token stop) {
  wanted_.clear();
  surplus_.clear();
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
    if (any) tell_apart(table, group, result, stop);
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
        wanted_.insert(key);
      }
      source.erase(found);
    }
    return !stop.stop_requested();
  });
  result.missing += source.size();
  for (const auto& [key, row] : source) wanted_.insert(key);
}

/// Worth another pass only because there is something to show.
void ContentComparison::sample_keys(const MirrorTable& table, TableComparison& result, std::stop_token stop) {
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
    std::string raw;
    const std::string_view hex = rows.text(row, 3);
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
      raw.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    }
    const std::pair entry{std::string(rows.text(row, 0)), std::string(rows.text(row, 1))};
    const auto found = expected.find(entry);
    if (found == expected.end()) {
      odd_surplus_.insert(entry);
    } else {
      if (found->second != digest_of_odd(rows.text(row, 2), raw)) odd_wanted_.insert(entry.first);
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
  std::uint64_t touched = 0;

  for (const auto& [key, column] : odd_surplus_) {
    libpq::Parameters parameters;
    parameters.text(table->schema).text(table->name).text(key).text(column);
    connection_.execute(
        "DELETE FROM pgmirror.odd_values"
        " WHERE schema_name = $1 AND table_name = $2 AND key = $3 AND column_name = $4",
        parameters);
    ++touched;
  }

  if (!surplus_.empty()) {
    // The rows are named by where they lie: nobody else writes the table in this transaction.
    connection_.execute("LOCK TABLE " + table->quoted + " IN SHARE ROW EXCLUSIVE MODE");
    std::vector<std::string> places;
    RowImage image;
    const std::string select = comparable_select(*table);
    const std::string with_place = "SELECT ctid::text, " + select.substr(std::string_view("SELECT ").size());
    read_rows(connection_, with_place, [&](std::string_view fields) {
      const std::size_t length = static_cast<unsigned char>(fields[3]);  // a ctid's text is short
      image_of_mirror(*table, fields.substr(4 + length), image);
      if (surplus_.contains(RowDigest::of(image.key))) places.emplace_back(fields.substr(4, length));
      return true;
    });
    libpq::Parameters parameters;
    parameters.text(fmt::format("{{\"{}\"}}", fmt::join(places, "\",\"")));
    touched +=
        connection_.execute("DELETE FROM " + table->quoted + " WHERE ctid = ANY ($1::tid[])", parameters).affected();
  }

  RowImage image;
  std::vector<std::size_t> odd_columns;
  snapshot_.read(*relation, [&](change::Tuple cells) {
    image_of_source(*table, cells, image, odd_columns);
    const bool row_differs = wanted_.contains(RowDigest::of(image.key));
    if (!row_differs && (odd_wanted_.empty() || !odd_wanted_.contains(odd_key(*table, cells)))) return true;
    TableEffects effects(table);
    effects.add(change::RowOperation::update, {}, whole(relation, cells.data()));
    OddValues odd;
    for (const Statement& statement : render(effects, ApplyMode::replace, true, odd)) {
      connection_.execute(statement.sql, statement.parameters);
    }
    if (!odd.empty()) odd.write(connection_);
    ++touched;
    return true;
  });
  return touched;
}

}  // namespace pgmirror::sinks::postgres
