#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "capture/postgres/copy_text.hpp"
#include "capture/postgres/triggers/locked_table.hpp"
#include "capture/postgres/triggers/log_rows.hpp"
#include "capture/postgres/triggers/record_text.hpp"
#include "libpq/copy_stream.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres::triggers {
namespace {

/// Rows of a table with further unique indexes are kept until all that goes has been told.
constexpr std::size_t most_bytes_kept = std::size_t{4} << 20U;

/// Where the cells of the key stand in the log's rows of one partition, in the key's order.
std::vector<std::size_t> key_places(const RowLayout& layout, const LoggedTable& table) {
  std::vector<std::size_t> places;
  for (const std::size_t column : table.told.relation->key) {
    const std::string& name = table.told.relation->columns[column].name;
    const auto at = std::ranges::find(layout, name, &LaidColumn::name);
    places.push_back(static_cast<std::size_t>(at - layout.begin()));
  }
  return places;
}

/// Keys as quoted texts k0, k1, ... with how many rows came (or, where negative, went) under each.
std::string touched_keys(const LogInterval& interval, const LoggedTable& table) {
  std::map<std::vector<std::size_t>, std::vector<ObjectId>> leaves;
  for (const CatalogLeaf& leaf : table.source.leaves) {
    const RowLayout& layout = table.layouts.at(leaf.oid);
    leaves[key_places(layout, table)].push_back(leaf.oid);
  }
  std::string sides;
  for (const auto& [places, relations] : leaves) {
    // The groups of the expression stand in the order of the places.
    std::vector<std::size_t> sorted = places;
    std::ranges::sort(sorted);
    std::string cells;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const auto group = std::ranges::lower_bound(sorted, places[i]) - sorted.begin() + 1;
      cells += fmt::format(", m[{}] AS k{}", group, i);
    }
    const std::string pattern = libpq::quote_literal(cells_of_key(places));
    const std::string rows = interval.condition(relations);
    sides += fmt::format(
        "{0}SELECT net{1} FROM (SELECT CASE WHEN old = '=' THEN 0 ELSE 1 END AS net, regexp_match(new, {2}) AS m"
        " FROM pgmirror.changes WHERE {3} AND new IS NOT NULL UNION ALL SELECT -1, regexp_match(old, {2})"
        " FROM pgmirror.changes WHERE {3} AND old <> '=') s",
        sides.empty() ? "" : " UNION ALL ", cells, pattern, rows);
  }
  std::string keys;
  for (std::size_t i = 0; i < table.key.columns.size(); ++i) keys += fmt::format("{}k{}", i == 0 ? "" : ", ", i);
  return fmt::format("SELECT sum(net) AS net, {0} FROM ({1}) u GROUP BY {0}", keys, sides);
}

/// For each touched key its net number, whether a row stands under it, its cells as text, and the row.
std::string touched_rows(const LogInterval& interval, const LoggedTable& table, const LockedTable& locked) {
  const change::Relation& relation = *table.told.relation;
  std::string texts;
  std::string found = locked.condition();
  std::string cells;
  for (std::size_t i = 0; i < table.key.columns.size(); ++i) {
    const KeyColumns::Column& column = table.key.columns[i];
    texts += fmt::format(", {} AS v{}", unquoted_cell(fmt::format("k{}", i)), i);
    found +=
        fmt::format("{0}t.{1}::{4} {2} k.v{3}::{4}", found.empty() ? "" : " AND ",
                    libpq::quote_identifier(relation.columns[relation.key[i]].name), column.equals, i, column.type);
    cells += fmt::format(", k.v{}", i);
  }
  for (const change::Column& column : relation.columns) {
    cells += fmt::format(", t.{}", libpq::quote_identifier(column.name));
  }
  return fmt::format(
      "COPY (SELECT k.net, t.ctid IS NOT NULL{} FROM (SELECT net{} FROM ({}) g) k LEFT JOIN {} ON {})"
      " TO STDOUT",
      cells, texts, touched_keys(interval, table), locked.from_item(), found);
}

/// One line of what the server gives.
class TouchedKey {
 public:
  TouchedKey(change::Tuple cells, const change::Relation& relation, std::vector<change::Value>& key)
      : row_(cells.subspan(2 + relation.key.size())) {
    const std::string_view number = cells[0].bytes();
    std::from_chars(number.data(), number.data() + number.size(), net_);
    stands_ = cells[1].bytes() == "t";
    key.assign(relation.columns.size(), change::Value::unchanged());
    for (std::size_t i = 0; i < relation.key.size(); ++i) {
      const change::Value& text = cells[2 + i];
      legible_ = legible_ && !text.is_null();
      key[relation.key[i]] = text;
      // A row under an equal key that is printed otherwise is another key's.
      stands_ = stands_ && row_[relation.key[i]] == text;
    }
  }

  bool stands() const { return stands_; }
  bool stood() const { return (stands_ ? 1 : 0) - net_ == 1; }
  bool adds_up() const { return legible_ && (stood() || (stands_ ? 1 : 0) == net_); }
  change::Tuple row() const { return row_; }

 private:
  change::Tuple row_;
  std::int64_t net_ = 0;
  bool stands_ = false;
  bool legible_ = true;
};

/// Tells what became of each key.
class KeyedWriting {
 public:
  KeyedWriting(const LoggedTable& table, change::TransactionWriter& writer)
      : relation_(table.told.relation),
        writer_(writer),
        removals_first_(table.key.other_unique || !std::ranges::all_of(table.key.columns, &KeyColumns::Column::exact)) {
  }

  void take(std::string_view line) {
    const TouchedKey touched(parse(line), *relation_, key_);
    adds_up_ = adds_up_ && touched.adds_up();
    if (removals_first_) {
      if (touched.stood()) remove();
      if (touched.stands()) keep(line);
      return;
    }
    if (touched.stands()) {
      arrive(touched.stood() ? change::RowOperation::update : change::RowOperation::insert, touched.row());
    } else if (touched.stood()) {
      remove();
    }
  }

  /// Whether take_again() needs all lines once more.
  bool lines_needed() const { return too_many_; }
  void take_again(std::string_view line) {
    const TouchedKey touched(parse(line), *relation_, key_);
    if (touched.stands()) arrive(change::RowOperation::insert, touched.row());
  }
  void tell_kept() {
    for (const std::string& line : kept_) take_again(line);
  }

  bool adds_up() const { return adds_up_; }

 private:
  change::Tuple parse(std::string_view line) {
    return line_.parse(line, 2 + relation_->key.size() + relation_->columns.size());
  }
  void arrive(change::RowOperation operation, change::Tuple row) {
    writer_.row({.operation = operation, .relation = relation_, .new_row = row});
  }
  void remove() { writer_.row({.operation = change::RowOperation::remove, .relation = relation_, .old_key = key_}); }
  void keep(std::string_view line) {
    if (too_many_) return;
    kept_bytes_ += line.size();
    too_many_ = kept_bytes_ > most_bytes_kept;
    if (too_many_) {
      kept_.clear();
    } else {
      kept_.emplace_back(line);
    }
  }

  change::RelationPtr relation_;
  change::TransactionWriter& writer_;
  const bool removals_first_;
  CopyTextLine line_;
  std::vector<change::Value> key_;
  std::vector<std::string> kept_;
  std::size_t kept_bytes_ = 0;
  bool too_many_ = false;
  bool adds_up_ = true;
};

}  // namespace

std::optional<std::string> write_keyed_rows(libpq::Connection& connection, const LogInterval& interval,
                                            const LoggedTable& table, change::TransactionWriter& writer) {
  const LockedTable locked(connection, table.source);
  const std::string question = touched_rows(interval, table, locked);
  KeyedWriting writing(table, writer);
  {
    libpq::CopyOut lines = connection.copy_out(question);
    while (const auto line = lines.read()) writing.take(*line);
  }
  if (writing.lines_needed()) {
    libpq::CopyOut lines = connection.copy_out(question);
    while (const auto line = lines.read()) writing.take_again(*line);
  } else {
    writing.tell_kept();
  }
  if (writing.adds_up()) return std::nullopt;
  return "its log and its rows do not fit together";
}

}  // namespace pgmirror::capture::postgres::triggers
