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
  /// Of a table as the source calls it. Reads once what stands; what others change afterwards is not seen. `connection`
  /// outlives the object.
  PartFollow(libpq::Connection& connection, const std::string& mirror, change::Position position,
             const std::string& schema, const std::string& table);

  bool is_of(const std::string& schema, const std::string& table) const;
  /// Whether `part` is one of this table, came from the source and stands as `sql` makes it: there is nothing to do.
  bool settled(const change::SchemaStatement& part, const std::string& sql) const;
  /// Takes away what the source's table has not (any more): what is ours and not among the keys.
  void retire(const std::vector<std::string>& keys);
  /// Whether `part` stands as `sql` makes it, or as somebody else has made it. What else has its name makes way.
  bool stands(const change::SchemaStatement& part, const std::string& sql);
  void made(const change::SchemaStatement& part);
  /// parts: the former key and the new one.
  void renamed(const change::SchemaStatement& part);

 private:
  bool is_same(const std::string& key, const std::string& standing, const change::SchemaStatement& part,
               const std::string& sql) const;
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
  OwnParts::Record recorded_;
  StandingParts standing_;
};

}  // namespace pgmirror::sinks::postgres
