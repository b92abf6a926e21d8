#include <fmt/format.h>

#include <charconv>

#include "capture/postgres/copy_text.hpp"
#include "capture/postgres/triggers/log_rows.hpp"
#include "capture/postgres/triggers/record_text.hpp"
#include "libpq/copy_stream.hpp"

namespace pgmirror::capture::postgres::triggers {
namespace {

/// Whole rows with how many of them came (`sign` is 1) or went (-1), and the partition whose layout they have.
std::string counted_rows(const LogInterval& interval, const std::vector<ObjectId>& leaves, int sign) {
  const std::string rows = interval.condition(leaves);
  return fmt::format(
      "COPY (SELECT relation, abs(sum(net)), r FROM (SELECT relation, 1 AS net, new AS r FROM pgmirror.changes"
      " WHERE {0} AND new IS NOT NULL AND old IS DISTINCT FROM '=' UNION ALL SELECT relation, -1, old"
      " FROM pgmirror.changes WHERE {0} AND old <> '=') u GROUP BY relation, r HAVING sum(net) {1} 0) TO STDOUT",
      rows, sign > 0 ? '>' : '<');
}

template <typename Number>
Number number(const change::Value& cell) {
  Number parsed = 0;
  std::from_chars(cell.bytes().data(), cell.bytes().data() + cell.bytes().size(), parsed);
  return parsed;
}

/// For each column of the relation its place in the rows of one partition.
std::vector<std::size_t> places_of(const change::Relation& relation, const RowLayout& layout) {
  std::vector<std::size_t> places;
  for (const change::Column& column : relation.columns) {
    std::size_t place = 0;
    while (place < layout.size() && layout[place].name != column.name) ++place;
    places.push_back(place);
  }
  return places;
}

}  // namespace

std::optional<std::string> write_keyless_rows(libpq::Connection& connection, const LogInterval& interval,
                                              const LoggedTable& table, change::TransactionWriter& writer) {
  const change::RelationPtr& relation = table.told.relation;
  std::vector<ObjectId> leaves;
  std::map<ObjectId, std::vector<std::size_t>> places;
  for (const CatalogLeaf& leaf : table.source.leaves) {
    leaves.push_back(leaf.oid);
    places[leaf.oid] = places_of(*relation, table.layouts.at(leaf.oid));
  }
  CopyTextLine line;
  RecordText record;
  std::vector<change::Value> row(relation->columns.size());
  bool legible = true;
  for (const int sign : {-1, 1}) {
    libpq::CopyOut lines = connection.copy_out(counted_rows(interval, leaves, sign));
    while (const auto text = lines.read()) {
      const change::Tuple counted = line.parse(*text, 3);
      const auto leaf = number<ObjectId>(counted[0]);
      const auto cells = record.parse(counted[2].bytes());
      // A row without columns is printed as one with an empty cell.
      const std::size_t width = std::max<std::size_t>(table.layouts.at(leaf).size(), 1);
      if (!cells || cells->size() != width) {
        legible = false;
        continue;
      }
      for (std::size_t i = 0; i < row.size(); ++i) row[i] = (*cells)[places.at(leaf)[i]];
      change::RowChange change{.operation = change::RowOperation::insert, .relation = relation};
      (sign > 0 ? change.new_row : change.old_key) = row;
      if (sign < 0) change.operation = change::RowOperation::remove;
      for (auto copies = number<std::uint64_t>(counted[1]); copies > 0; --copies) writer.row(change);
    }
  }
  if (legible) return std::nullopt;
  return "its log has rows of another width";
}

}  // namespace pgmirror::capture::postgres::triggers
