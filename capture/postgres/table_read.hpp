#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "capture/postgres/catalog_picture.hpp"
#include "capture/postgres/savepoint.hpp"
#include "change/snapshot.hpp"
#include "libpq/connection.hpp"
#include "libpq/row_hash_sql.hpp"

namespace pgmirror::capture::postgres {

/// A table that keeps rows itself, or one partition of a table, while it is read in an open snapshot transaction.
///
/// Holds the table's weakest lock from construction to destruction and gives it back although the transaction goes on,
/// so that a migration of the application waits for this table alone. One at a time in a transaction.
class TableRead {
 public:
  /// Throws DatabaseError: 40001 when the table is not the one of the snapshot any more (dropped, renamed, rewritten,
  /// truncated), since its old rows or names are gone then. `leaf` has the columns of `relation` under the same names.
  TableRead(libpq::Connection& connection, ObjectId leaf, const change::Relation& relation);

  /// Rows in COPY's form, one a call, columns in the order of the relation. `where_sql` may be empty. False: `consume`
  /// has returned false. Throws MalformedMessage.
  bool copy(const std::string& where_sql, change::CopyForm form, const std::function<bool(std::string_view)>& consume);

  /// The rows of the table alone, as `hashing` counts them.
  libpq::HashedRows hashed(const change::RowHashing& hashing, const std::string& where_sql) const;

 private:
  void expect_unchanged();

  libpq::Connection& connection_;
  Savepoint savepoint_;
  ObjectId leaf_;
  const change::Relation& relation_;
  std::string name_;  ///< quoted
};

}  // namespace pgmirror::capture::postgres
