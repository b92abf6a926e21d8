#pragma once

#include <string>
#include <string_view>

#include "change/position.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::sinks::postgres {

/// Runs the statements that change the mirror's tables and writes each down in pgmirror.schema_history, inside the
/// caller's transaction. One thread.
class SchemaRecord {
 public:
  /// `connection` outlives the object; `position` is the source's commit that asks for the changes.
  SchemaRecord(libpq::Connection& connection, std::string mirror, change::Position position);

  /// Throws DatabaseError; roll back then.
  void run(const std::string& statement, std::string_view reason);
  /// As run(), but a refusal because of what stands in the mirror is only logged: the mirror does without `object`.
  void attempt(const std::string& object, const std::string& statement, std::string_view reason);

  libpq::Connection& connection() const { return connection_; }
  const std::string& mirror() const { return mirror_; }
  change::Position position() const { return position_; }

 private:
  libpq::Connection& connection_;
  std::string mirror_;
  change::Position position_;
};

}  // namespace pgmirror::sinks::postgres
