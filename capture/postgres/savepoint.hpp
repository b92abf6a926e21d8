#pragma once

#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// A stretch of an open transaction that only reads: at its end the locks that were taken in it are given back, while
/// the transaction and its snapshot go on.
class Savepoint {
 public:
  /// Throws DatabaseError.
  explicit Savepoint(libpq::Connection& connection) : connection_(connection) {
    connection_.execute("SAVEPOINT pgmirror_read");
  }
  ~Savepoint() {
    // After a failure here the transaction is of no use, which the next statement in it says.
    PQclear(PQexec(connection_.native(), "ROLLBACK TO SAVEPOINT pgmirror_read; RELEASE SAVEPOINT pgmirror_read"));
  }
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;

 private:
  libpq::Connection& connection_;
};

}  // namespace pgmirror::capture::postgres
