#pragma once

#include <string>

#include "capture/postgres/catalog_picture.hpp"
#include "capture/postgres/savepoint.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres::triggers {

/// A table with all its partitions while rows of a moment are looked up in it. Holds the weakest lock from construction
/// to destruction and gives it back although the moment goes on. One at a time.
class LockedTable {
 public:
  /// `table` as the moment's catalog has it. Waits for migrations that are open. Throws DatabaseError: 40001 when the
  /// table was dropped, renamed, rewritten, truncated or given other partitions since the moment, whose rows cannot be
  /// read any more then.
  LockedTable(libpq::Connection& connection, const CatalogTable& table);

  /// `FROM` item with exactly the partitions of the moment, under the name t.
  std::string from_item() const { return from_; }
  /// A condition on t that belongs to it; empty where none is needed.
  std::string condition() const { return condition_; }

 private:
  Savepoint savepoint_;
  std::string from_;
  std::string condition_;
};

}  // namespace pgmirror::capture::postgres::triggers
