#pragma once

#include <stdexcept>
#include <string>

namespace pgmirror::sinks::postgres {

/// A PostgreSQL server, or the way to it, refused something.
///
/// what() is the primary message only, first line, with the password filtered out: DETAIL and CONTEXT hold row values
/// and are never kept. Which of them to retry is failure.hpp's decision.
class DatabaseError : public std::runtime_error {
 public:
  DatabaseError(const std::string& message, std::string sqlstate, bool connection_lost)
      : std::runtime_error(message), sqlstate_(std::move(sqlstate)), connection_lost_(connection_lost) {}

  /// Five characters; empty when the message is libpq's own (no server spoke).
  const std::string& sqlstate() const { return sqlstate_; }
  /// The connection is unusable: throw it away. After a COMMIT was sent its outcome is unknown.
  bool connection_lost() const { return connection_lost_; }

 private:
  std::string sqlstate_;
  bool connection_lost_;
};

}  // namespace pgmirror::sinks::postgres
