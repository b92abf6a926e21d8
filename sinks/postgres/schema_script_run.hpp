#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "change/position.hpp"
#include "change/schema_statement.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/part_follow.hpp"

namespace pgmirror::sinks::postgres {

/// What came of some statements, for the log and `status`.
struct ScriptReport {
  std::map<std::string, std::size_t> made{};  ///< by kind
  std::size_t standing = 0;                   ///< objects that the mirror had already
  std::vector<std::string> left_out{};        ///< one sentence each with the mirror's reason
  std::vector<std::string> required{};        ///< likewise, of what rows cannot be mirrored without
};

/// Runs the statements by which a PostgreSQL source describes its objects, and writes down in pgmirror.schema_history
/// what was made and what was left out. What stands in the mirror already is left as it is, but for parts of our own
/// tables that are another thing at the source; nothing is ever dropped unless the source itself says so. Nothing that
/// is made can be read by PUBLIC or a public API. One thread.
class SchemaScriptRun {
 public:
  /// `connection` outlives the object. `position`: of the snapshot or commit that the statements come from.
  /// `triggers_fire`: the role may not silence triggers while we apply. Foreign keys then get no actions of their own:
  /// what they would do to other tables comes as changes of the source.
  SchemaScriptRun(libpq::Connection& connection, std::string mirror, change::Position position, bool triggers_fire);

  /// Each in a transaction of its own: safe to repeat. Throws DatabaseError for what passes (a lost connection, a
  /// lock).
  void run(const std::vector<change::SchemaStatement>& statements, change::SchemaStatement::Stage stage);
  void run(const change::SchemaStatement& statement);
  /// Inside the caller's transaction, of which a refusal takes nothing away.
  void run_inside(const change::SchemaStatement& statement);

  const ScriptReport& report() const { return report_; }
  /// SQLSTATE of the last statement that was left out.
  const std::string& last_refusal() const { return last_refusal_; }

 private:
  std::string sql_for(const change::SchemaStatement& statement) const;
  bool settled(const change::SchemaStatement& statement);
  void execute(const change::SchemaStatement& statement);
  std::optional<change::SchemaStatement> another_way(const change::SchemaStatement& statement,
                                                     const libpq::DatabaseError& error) const;
  std::optional<std::string> identity_aside(const change::SchemaStatement& sequence) const;
  bool table_stands(const change::SchemaStatement& statement) const;
  void refused(const change::SchemaStatement& statement, const libpq::DatabaseError& error);
  void note(const std::string& statement, const std::string& reason);

  libpq::Connection& connection_;
  std::string mirror_;
  change::Position position_;
  bool triggers_fire_;
  ScriptReport report_;
  std::string last_refusal_;
  /// Of the table whose parts are being told; none after anything else was executed, which may have changed them.
  std::unique_ptr<PartFollow> parts_;
};

/// `ALTER TABLE ... ADD CONSTRAINT ... FOREIGN KEY ...` without its ON UPDATE and ON DELETE clauses.
std::string without_actions(const std::string& foreign_key_sql);

}  // namespace pgmirror::sinks::postgres
