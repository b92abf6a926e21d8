#pragma once

#include "libpq/connection.hpp"

namespace pgmirror::libpq {

/// BEGIN on construction, ROLLBACK on destruction unless committed. Names are found in pg_catalog only (pin_names_sql):
/// all others must be written out, and nothing depends on who connects.
class DatabaseTransaction {
 public:
  explicit DatabaseTransaction(Connection& connection);
  ~DatabaseTransaction();
  DatabaseTransaction(const DatabaseTransaction&) = delete;
  DatabaseTransaction& operator=(const DatabaseTransaction&) = delete;

  /// Throws DatabaseError; when it says connection_lost() the outcome is unknown.
  void commit();

 private:
  Connection& connection_;
  bool open_ = true;
};

}  // namespace pgmirror::libpq
