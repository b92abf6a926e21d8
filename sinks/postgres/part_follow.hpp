#pragma once

#include <string>
#include <vector>

#include "change/position.hpp"
#include "change/schema_statement.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/own_parts.hpp"
#include "sinks/postgres/schema_record.hpp"
#include "sinks/postgres/standing_parts.hpp"

namespace pgmirror::sinks::postgres {

/// Brings the columns, constraints and indexes of one table of the mirror to what the source says that the table has,
/// from wherever it stands. What somebody else has added stays. Inside the caller's transaction; one thread. Everything
/// throws DatabaseError; what the mirror refuses to take away stays, and is logged.
class PartFollow {
 public:
  /// Of the table that `statement` tells of. `connection` outlives the object.
  PartFollow(libpq::Connection& connection, const std::string& mirror, change::Position position,
             const change::SchemaStatement& statement);

  /// Takes away what the source's table has not (any more): what is ours and not among the keys.
  void retire(const std::vector<std::string>& keys);
  /// Whether `part` stands as `sql` makes it, or as somebody else has made it. What else has its name makes way.
  bool stands(const change::SchemaStatement& part, const std::string& sql);
  void made(const change::SchemaStatement& part);
  /// parts: the former key and the new one.
  void renamed(const change::SchemaStatement& part);

 private:
  bool is_ours(const std::string& key) const;
  void take_away(const std::string& key);
  void drop_constraint(const std::string& key, const std::string& name);
  void drop_column(const std::string& key, const std::string& name);
  void clear_name(const std::string& name);
  void attempt(const std::string& key, const std::string& statement);

  SchemaRecord record_;
  const std::string schema_;
  const std::string table_;
  const std::string quoted_;
  OwnParts own_;
  std::map<std::string, std::string> ours_;
  StandingParts standing_;
  bool created_ = false;
};

}  // namespace pgmirror::sinks::postgres
