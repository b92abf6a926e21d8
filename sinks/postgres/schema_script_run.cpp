#include "sinks/postgres/schema_script_run.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"
#include "sinks/postgres/domain_constraints.hpp"
#include "sinks/postgres/enum_labels.hpp"
#include "sinks/postgres/failure.hpp"
#include "sinks/postgres/own_parts.hpp"
#include "sinks/postgres/pinned_settings.hpp"
#include "sinks/postgres/privacy.hpp"
#include "sinks/postgres/standing_parts.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::SchemaStatement;

/// Manual, appendix A: an object of that kind and name stands already.
constexpr std::array stands_already{"42P04", "42P06", "42P07", "42701", "42710", "42723"};
constexpr const char* invalid_table_definition = "42P16";  // also: a second primary key

constexpr const char* duplicate_relation = "42P07";

bool stands(const SchemaStatement& statement, const libpq::DatabaseError& error) {
  const bool second_key = statement.kind == "primary key" && error.sqlstate() == invalid_table_definition;
  return second_key || std::ranges::find(stands_already, error.sqlstate()) != stands_already.end();
}

bool passes(const libpq::DatabaseError& error) {
  return error.connection_lost() || classify(error).kind == FailureKind::transient;
}

std::string revoke_from_readers(std::string_view object, const std::string& name) {
  const std::string body = fmt::format(
      "DECLARE role_name text; BEGIN "
      "FOR role_name IN SELECT rolname FROM pg_catalog.pg_roles WHERE rolname IN ('anon', 'authenticated') LOOP "
      "EXECUTE pg_catalog.format('REVOKE ALL ON {} %s FROM %I', {}, role_name); END LOOP; END",
      object, libpq::quote_literal(name));
  return fmt::format("REVOKE ALL ON {} {} FROM PUBLIC; DO {}", object, name, libpq::quote_literal(body));
}

/// A function that runs as its owner reads past row level security, and everybody may execute a new one.
std::string close_functions(const SchemaStatement& function) {
  const std::string body = fmt::format(
      "DECLARE f regprocedure; role_name text; BEGIN "
      "FOR f IN SELECT p.oid::regprocedure FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n "
      "ON n.oid = p.pronamespace WHERE n.nspname = {} AND p.proname = {} LOOP "
      "EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', f); "
      "FOR role_name IN SELECT rolname FROM pg_catalog.pg_roles WHERE rolname IN ('anon', 'authenticated') LOOP "
      "EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM %I', f, role_name); END LOOP; END LOOP; END",
      libpq::quote_literal(function.schema), libpq::quote_literal(function.name.substr(0, function.name.find('('))));
  return "DO " + libpq::quote_literal(body);
}

/// What keeps the new object from being read by whoever reaches the database. Empty where there is nothing to read.
std::string closing_sql(const SchemaStatement& made) {
  const auto name = [&] { return libpq::qualified(made.schema, made.name); };
  if (made.kind == "table" || made.kind == "partition") return privacy_sql(name());
  if (made.kind == "view" || made.kind == "materialized view") return revoke_from_readers("TABLE", name());
  if (made.kind == "sequence") return revoke_from_readers("SEQUENCE", name());
  if (made.kind == "function" || made.kind == "procedure") return close_functions(made);
  return {};
}

}  // namespace

std::string without_actions(const std::string& foreign_key_sql) {
  static constexpr std::array actions{" ON DELETE ", " ON UPDATE "};
  static constexpr std::array kinds{"CASCADE", "RESTRICT", "SET NULL", "SET DEFAULT"};
  std::string sql = foreign_key_sql;
  // Names are quoted: outside of them the server writes its keywords in capitals.
  bool quoted = false;
  for (std::size_t at = 0; at < sql.size(); ++at) {
    if (sql[at] == '"') quoted = !quoted;
    if (quoted) continue;
    for (const std::string_view action : actions) {
      const std::string_view rest = std::string_view(sql).substr(at);
      if (!rest.starts_with(action)) continue;
      for (const std::string_view kind : kinds) {
        if (!rest.substr(action.size()).starts_with(kind)) continue;
        std::size_t length = action.size() + kind.size();
        // SET NULL and SET DEFAULT may name columns.
        if (rest.substr(length).starts_with(" (")) length = rest.find(')', length) + 1;
        sql.erase(at, length);
        --at;
        break;
      }
      break;
    }
  }
  return sql;
}

SchemaScriptRun::SchemaScriptRun(libpq::Connection& connection, std::string mirror, change::Position position,
                                 bool triggers_fire)
    : connection_(connection), mirror_(std::move(mirror)), position_(position), triggers_fire_(triggers_fire) {}

void SchemaScriptRun::run(const std::vector<SchemaStatement>& statements, SchemaStatement::Stage stage) {
  for (const SchemaStatement& statement : statements) {
    if (statement.stage == stage) run(statement);
  }
}

void SchemaScriptRun::run(const SchemaStatement& statement) {
  if (settled(statement)) return;
  try {
    libpq::DatabaseTransaction transaction(connection_);
    execute(statement);
    transaction.commit();
  } catch (const libpq::DatabaseError& error) {
    parts_.reset();
    if (passes(error)) throw;
    if (const auto again = another_way(statement, error)) return run(*again);
    refused(statement, error);
  }
}

void SchemaScriptRun::run_inside(const SchemaStatement& statement) {
  if (settled(statement)) return;
  connection_.execute("SAVEPOINT pgmirror_statement");
  try {
    execute(statement);
    connection_.execute("RELEASE SAVEPOINT pgmirror_statement");
  } catch (const libpq::DatabaseError& error) {
    parts_.reset();
    if (passes(error)) throw;
    connection_.execute("ROLLBACK TO SAVEPOINT pgmirror_statement; RELEASE SAVEPOINT pgmirror_statement");
    if (const auto again = another_way(statement, error)) return run_inside(*again);
    refused(statement, error);
  }
}

/// Where a name is taken: an identity's sequence gets one from the server, a sequence that stands becomes like the
/// source's.
std::optional<SchemaStatement> SchemaScriptRun::another_way(const SchemaStatement& statement,
                                                            const libpq::DatabaseError& error) const {
  if (error.sqlstate() != duplicate_relation) return std::nullopt;
  SchemaStatement again = statement;
  if (statement.kind == "sequence") {
    constexpr std::string_view creating = "CREATE";
    again.kind = "altered sequence";
    again.sql = "ALTER" + statement.sql.substr(creating.size());
    if (const auto aside = identity_aside(statement)) {
      again.kind = "moved sequence";
      again.sql = *aside + "; " + statement.sql;
    }
    return again;
  }
  again.sql = without_sequence_name(statement.sql);
  if (again.sql == statement.sql || (statement.kind == "table" && table_stands(statement))) return std::nullopt;
  return again;
}

/// An identity has its sequence whatever that is called, so it gives the name to one that others ask for by it.
std::optional<std::string> SchemaScriptRun::identity_aside(const SchemaStatement& sequence) const {
  const libpq::Result identity = connection_.execute(
      "SELECT s.oid FROM pg_catalog.pg_class s JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace"
      " JOIN pg_catalog.pg_depend d ON d.objid = s.oid AND d.deptype = 'i'"
      " AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
      " AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
      " WHERE s.relkind = 'S' AND n.nspname = $1 AND s.relname = $2",
      libpq::Parameters::texts({sequence.schema, sequence.name}));
  if (identity.rows() == 0) return std::nullopt;
  return fmt::format("ALTER SEQUENCE {} RENAME TO \"pgmirror_identity_{}\"",
                     libpq::qualified(sequence.schema, sequence.name), identity.text(0, 0));
}

bool SchemaScriptRun::table_stands(const SchemaStatement& statement) const {
  return connection_
             .execute(
                 "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                 " WHERE n.nspname = $1 AND c.relname = $2",
                 libpq::Parameters::texts({statement.schema, statement.name}))
             .rows() > 0;
}

std::string SchemaScriptRun::sql_for(const SchemaStatement& statement) const {
  return triggers_fire_ && statement.kind == "foreign key" ? without_actions(statement.sql) : statement.sql;
}

/// Most parts of a table that was just made, or made before the last stop, stand: a mirror may be a second's tenth
/// away.
bool SchemaScriptRun::settled(const SchemaStatement& statement) {
  if (!parts_ || !parts_->settled(statement, sql_for(statement))) return false;
  ++report_.standing;
  return true;
}

void SchemaScriptRun::execute(const SchemaStatement& statement) {
  std::unique_ptr<PartFollow> parts = std::move(parts_);
  connection_.execute(fmt::format("{}; SET LOCAL check_function_bodies = off; SET LOCAL statement_timeout = 0",
                                  pin_settings_sql(SettingScope::transaction)));
  const bool is_part = !statement.table.empty();
  if (is_part && !(parts && parts->is_of(statement.schema, statement.table))) {
    parts = std::make_unique<PartFollow>(connection_, mirror_, position_, statement.schema, statement.table);
  }
  if (statement.kind == change::table_layout_kind) {
    parts->retire(statement.parts);
    parts_ = std::move(parts);
    return;
  }
  if (statement.kind == change::enum_label_kind || statement.kind == change::renamed_label_kind) {
    EnumLabels labels(connection_, mirror_, position_, statement);
    if (statement.kind == change::renamed_label_kind) labels.rename();
    labels.add();
    return;
  }
  if (statement.kind == domain_kind && retire_domain_constraints(connection_, mirror_, position_, statement)) {
    ++report_.standing;
    return;
  }
  if (statement.kind == enum_type_kind && EnumLabels(connection_, mirror_, position_, statement).take_name(statement)) {
    ++report_.standing;
    return;
  }
  const std::string sql = sql_for(statement);
  const bool renaming = statement.parts.size() > 1;
  if (is_part && !renaming && parts->stands(statement, sql)) {
    ++report_.standing;
    parts_ = std::move(parts);
    return;
  }
  connection_.execute(sql);
  if (is_part && renaming) parts->renamed(statement);
  if (!is_part && statement.kind.starts_with("renamed ")) OwnParts::forget_all_statements(connection_, mirror_);
  if (is_part && !renaming) {
    parts->made(statement);
    parts_ = std::move(parts);
  }
  const std::string closing = closing_sql(statement);
  if (!closing.empty()) connection_.execute(closing);
  if (statement.kind == enum_type_kind) EnumLabels(connection_, mirror_, position_, statement).remember();
  if (statement.kind == "table") OwnParts(connection_, mirror_, statement.schema, statement.name).enter_new_table();
  note(sql, fmt::format("{} {} of the source", statement.kind, statement.name));
  ++report_.made[statement.kind];
}

void SchemaScriptRun::refused(const SchemaStatement& statement, const libpq::DatabaseError& error) {
  if (stands(statement, error)) {
    ++report_.standing;
    return;
  }
  last_refusal_ = error.sqlstate();
  std::string sentence =
      fmt::format("{} {}: the mirror refuses it: {}", statement.kind,
                  statement.schema.empty() ? statement.name : statement.schema + "." + statement.name, error.what());
  note(statement.sql, "left out: " + sentence);
  spdlog::warn("[MirrorSchema] Left out: {}", sentence);
  (statement.required ? report_.required : report_.left_out).push_back(std::move(sentence));
}

void SchemaScriptRun::note(const std::string& statement, const std::string& reason) {
  connection_.execute(
      // What was left out once is left out at every repetition, and what stands is not made again.
      "INSERT INTO pgmirror.schema_history (mirror, position, statement, reason) SELECT $1, $2, $3::text, $4::text "
      "WHERE NOT EXISTS (SELECT FROM pgmirror.schema_history WHERE mirror = $1 AND statement = $3 AND reason = $4 "
      "AND (reason LIKE 'left out: %' OR statement LIKE '% IF NOT EXISTS %'))",
      libpq::Parameters{}
          .text(mirror_)
          .integer(static_cast<std::int64_t>(position_.value))
          .text(statement)
          .text(reason));
}

}  // namespace pgmirror::sinks::postgres
