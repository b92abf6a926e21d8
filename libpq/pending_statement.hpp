#pragma once

#include <string>

#include "libpq/connection.hpp"

namespace pgmirror::libpq {

/// A statement that the server works on while the caller does something else. The connection is busy until its answer
/// was taken or this object is gone, which waits for the answer.
class PendingStatement {
 public:
  /// Blocks until the statement is with the server, not for its answer; the parameters may go then. The connection is
  /// in a transaction and must outlive this object. Throws DatabaseError.
  PendingStatement(Connection& connection, const std::string& sql, const Parameters& parameters);
  ~PendingStatement();
  PendingStatement(PendingStatement&& other) noexcept : connection_(other.connection_) { other.connection_ = nullptr; }
  PendingStatement& operator=(PendingStatement&&) = delete;

  /// Blocks. Throws DatabaseError. Once.
  Result answer();

 private:
  Connection* connection_;
};

}  // namespace pgmirror::libpq
