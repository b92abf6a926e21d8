#pragma once

#include <map>
#include <string>
#include <vector>

#include "capture/postgres/catalog_picture.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres::triggers {

/// A column that rows of a table have, dropped ones absent.
struct LaidColumn {
  int number = 0;
  std::string name;
  std::string type;        ///< oid and modifier
  std::string written_by;  ///< transaction that last wrote the column's catalog row
  bool operator==(const LaidColumn&) const = default;
};

/// How a table that keeps rows itself, or one partition, prints them: its columns in their own order.
using RowLayout = std::vector<LaidColumn>;

/// Layouts of all `relations`. Throws DatabaseError.
std::map<ObjectId, RowLayout> read_layouts(libpq::Connection& connection, const std::vector<ObjectId>& relations);

/// Whether a row printed at any time between the two has its cells where `after` says. With `needed` (numbers of
/// columns) only those cells are looked at, and columns may have been added behind the others. Pure.
bool same_places(const RowLayout& before, const RowLayout& after, const std::vector<int>& needed);

/// Whether no column was dropped or altered since `transaction` made the table. Pure.
bool as_made_by(const RowLayout& layout, const std::string& transaction);

}  // namespace pgmirror::capture::postgres::triggers
