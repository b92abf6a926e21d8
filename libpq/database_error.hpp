#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace pgmirror::libpq {

/// The constraint that a server's error is about, as the server names it; all empty where it names none.
struct ConstraintName {
  std::string schema{};
  std::string table{};  ///< that it belongs to: of a foreign key, the referencing table
  std::string constraint{};
};

/// A PostgreSQL server, or the way to it, refused something.
///
/// what() is the primary message only, first line, with the password filtered out: DETAIL and CONTEXT hold row values
/// and are never kept. Which of them to retry is failure.hpp's decision.
class DatabaseError : public std::runtime_error {
 public:
  DatabaseError(const std::string& message, std::string sqlstate, bool connection_lost, ConstraintName constraint = {})
      : std::runtime_error(message),
        sqlstate_(std::move(sqlstate)),
        connection_lost_(connection_lost),
        constraint_(std::move(constraint)) {}

  /// Five characters; empty when the message is libpq's own (no server spoke).
  const std::string& sqlstate() const { return sqlstate_; }
  /// The connection is unusable: throw it away. After a COMMIT was sent its outcome is unknown.
  bool connection_lost() const { return connection_lost_; }
  const ConstraintName& constraint() const { return constraint_; }

 private:
  std::string sqlstate_;
  bool connection_lost_;
  ConstraintName constraint_;
};

}  // namespace pgmirror::libpq
