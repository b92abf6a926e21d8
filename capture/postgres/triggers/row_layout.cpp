#include "capture/postgres/triggers/row_layout.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pgmirror::capture::postgres::triggers {
namespace {

bool same_values(const LaidColumn& before, const LaidColumn& after) {
  return before.type == after.type && before.written_by == after.written_by;
}

}  // namespace

std::map<ObjectId, RowLayout> read_layouts(libpq::Connection& connection, const std::vector<ObjectId>& relations) {
  std::map<ObjectId, RowLayout> layouts;
  for (const ObjectId relation : relations) layouts[relation];
  const libpq::Result result = connection.execute(
      fmt::format("SELECT attrelid, attnum, attname, pg_catalog.concat(atttypid, '/', atttypmod), xmin"
                  " FROM pg_catalog.pg_attribute WHERE attrelid = ANY ('{{{}}}'::oid[]) AND attnum > 0"
                  " AND NOT attisdropped ORDER BY attrelid, attnum",
                  fmt::join(relations, ",")));
  for (int row = 0; row < result.rows(); ++row) {
    layouts[static_cast<ObjectId>(result.integer(row, 0))].push_back(
        {.number = static_cast<int>(result.integer(row, 1)),
         .name = std::string(result.text(row, 2)),
         .type = std::string(result.text(row, 3)),
         .written_by = std::string(result.text(row, 4))});
  }
  return layouts;
}

bool same_places(const RowLayout& before, const RowLayout& after, const std::vector<int>& needed) {
  if (before.size() > after.size() || (needed.empty() && before.size() != after.size())) return false;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i].number != after[i].number) return false;
    const bool looked_at = needed.empty() || std::ranges::find(needed, before[i].number) != needed.end();
    if (looked_at && !same_values(before[i], after[i])) return false;
  }
  return std::ranges::all_of(
      needed, [&](int number) { return std::ranges::find(before, number, &LaidColumn::number) != before.end(); });
}

bool as_made_by(const RowLayout& layout, const std::string& transaction) {
  for (std::size_t i = 0; i < layout.size(); ++i) {
    if (layout[i].number != static_cast<int>(i) + 1 || layout[i].written_by != transaction) return false;
  }
  return true;
}

}  // namespace pgmirror::capture::postgres::triggers
