#include "sinks/postgres/scripted_schema.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <set>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"
#include "sinks/postgres/failure.hpp"
#include "sinks/postgres/mirror_catalog.hpp"
#include "sinks/postgres/replica_role.hpp"
#include "sinks/postgres/schema_record.hpp"
#include "sinks/postgres/sequence_values.hpp"
#include "sinks/postgres/table_match.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::Relation;
using change::RelationPtr;
using change::SchemaStatement;
using TableName = std::pair<std::string, std::string>;

[[noreturn]] void refuse(const std::string& what, const std::vector<std::string>& problems) {
  throw SchemaError(fmt::format("{}:\n  {}", what, fmt::join(problems, "\n  ")));
}

bool makes(const SchemaStatement& statement, const TableName& table) {
  return (statement.kind == "table" || statement.kind == "partition") && statement.schema == table.first &&
         statement.name == table.second;
}

/// Which of the source's tables stand in the mirror, and what they lack.
class Standing {
 public:
  Standing(libpq::Connection& connection, const SchemaBuilder& builder, const std::vector<RelationPtr>& relations)
      : connection_(connection), builder_(builder) {
    const libpq::Result rows = connection.execute(
        "SELECT schema_name, table_name FROM pgmirror.tables WHERE mirror = $1 AND "
        "(state <> 'copying' OR created AND copied_at IS NOT NULL)",
        libpq::Parameters{}.text(builder.mirror().name));
    for (int row = 0; row < rows.rows(); ++row) followed_.emplace(rows.text(row, 0), rows.text(row, 1));
    for (const RelationPtr& relation : relations) look_at(relation);
  }

  bool has(const TableName& name) const { return tables_.contains(name); }
  std::size_t count() const { return tables_.size(); }
  const std::vector<std::string>& problems() const { return problems_; }
  /// Statements that add what is missing, once the types are there.
  const std::vector<std::string>& additions() const { return additions_; }

  TableName name_of(const Relation& relation) const {
    return {builder_.schema_of(relation), libpq::mirror_identifier(relation.name)};
  }

 private:
  void look_at(const RelationPtr& relation) {
    const TableName name = name_of(*relation);
    const auto found = catalogs_.find(name.first);
    const MirrorCatalog& catalog =
        found != catalogs_.end()
            ? found->second
            : catalogs_.emplace(name.first, MirrorCatalog::read(connection_, name.first)).first->second;
    const CatalogTable* existing = catalog.table(name.second);
    if (existing == nullptr) return;
    tables_.insert(name);
    // The changes on their way will alter it, or the copy will make it anew.
    if (followed_.contains(name)) return;
    const TableMatch match = match_table(relation, name.first, *existing, builder_.mirror());
    problems_.insert(problems_.end(), match.problems.begin(), match.problems.end());
    for (const std::size_t position : match.missing) {
      const change::Column& column = relation->columns[position];
      if (std::ranges::find(relation->key, position) != relation->key.end()) {
        problems_.push_back(fmt::format("table {}: key column {} is missing in the mirror; add it there",
                                        relation->qualified_name(), column.name));
      } else {
        additions_.push_back(fmt::format("ALTER TABLE {} ADD COLUMN {} {}", match.table.quoted,
                                         libpq::quote_identifier(column.name), column.declared_type));
      }
    }
  }

  libpq::Connection& connection_;
  const SchemaBuilder& builder_;
  std::set<TableName> followed_;
  std::map<std::string, MirrorCatalog> catalogs_;
  std::set<TableName> tables_;
  std::vector<std::string> problems_;
  std::vector<std::string> additions_;
};

void enter_tables(libpq::Connection& connection, const SchemaBuilder& builder, const Standing& standing,
                  const std::vector<RelationPtr>& relations) {
  for (const RelationPtr& relation : relations) {
    const TableName name = standing.name_of(*relation);
    connection.execute(
        "INSERT INTO pgmirror.tables (mirror, schema_name, table_name, state, created) "
        "VALUES ($1, $2, $3, 'copying', $4::boolean) ON CONFLICT DO NOTHING",
        libpq::Parameters::texts({builder.mirror().name, name.first, name.second, standing.has(name) ? "f" : "t"}));
  }
}

std::string counted(const std::map<std::string, std::size_t>& made) {
  std::vector<std::string> parts;
  for (const auto& [kind, count] : made) parts.push_back(fmt::format("{} {}", kind, count));
  return parts.empty() ? "nothing" : fmt::format("{}", fmt::join(parts, ", "));
}

std::size_t count_of(const ScriptReport& report, const std::string& kind) {
  const auto found = report.made.find(kind);
  return found == report.made.end() ? 0 : found->second;
}

bool may_silence_triggers(libpq::Connection& connection) {
  libpq::DatabaseTransaction transaction(connection);
  return set_replica_role(connection);
}

}  // namespace

ScriptedSchema::ScriptedSchema(libpq::Connection& connection, const SchemaBuilder& builder, change::Position position)
    : connection_(connection), builder_(builder), position_(position) {}

SchemaScriptRun ScriptedSchema::script_run() const {
  return {connection_, builder_.mirror().name, position_, !may_silence_triggers(connection_)};
}

SchemaReport ScriptedSchema::prepare(const Script& script, const std::vector<RelationPtr>& relations) {
  const Standing standing(connection_, builder_, relations);
  if (!standing.problems().empty()) refuse("mirror's tables do not fit the source's", standing.problems());

  SchemaScriptRun run = script_run();
  run.run(script, SchemaStatement::Stage::before_data);
  if (!run.report().required.empty()) refuse("mirror lacks what the source's rows need", run.report().required);

  libpq::DatabaseTransaction transaction(connection_);
  for (const std::string& addition : standing.additions()) {
    SchemaRecord(connection_, builder_.mirror().name, position_).run(addition, "column of the source that was missing");
  }
  enter_tables(connection_, builder_, standing, relations);
  transaction.commit();

  const SchemaReport report{.mirror_was_empty = standing.count() == 0,
                            .tables_created = count_of(run.report(), "table"),
                            .columns_added = standing.additions().size(),
                            .left_out = run.report().left_out};
  if (report.mirror_was_empty) {
    spdlog::info("[MirrorSchema] Mirror is empty: created {}; keys, indexes and the rest follow after the copy",
                 counted(run.report().made));
  } else {
    spdlog::info("[MirrorSchema] Mirror has {} of {} tables: created {}; added {} columns", standing.count(),
                 relations.size(), counted(run.report().made), report.columns_added);
  }
  return report;
}

SchemaReport ScriptedSchema::complete(const Script& script, const std::vector<change::SequenceValue>& sequences) {
  SchemaScriptRun run = script_run();
  run.run(script, SchemaStatement::Stage::after_data);
  if (!sequences.empty()) connection_.execute(set_sequences_sql, sequence_parameters(sequences));
  if (!run.report().required.empty()) refuse("mirror lacks what the source's rows need", run.report().required);
  const SchemaReport report{.indexes_created = count_of(run.report(), "index"),
                            .foreign_keys_created = count_of(run.report(), "foreign key"),
                            .left_out = run.report().left_out};
  spdlog::info("[MirrorSchema] Created {}; {} objects stood there, {} are left out", counted(run.report().made),
               run.report().standing, report.left_out.size());
  return report;
}

void ScriptedSchema::recreate(const RelationPtr& relation, const Script& script) {
  const TableName name{builder_.schema_of(*relation), libpq::mirror_identifier(relation->name)};
  const MirrorCatalog catalog = MirrorCatalog::read(connection_, name.first, name.second);
  try {
    if (const CatalogTable* standing = catalog.table(name.second)) {
      remodel(*relation, *standing);
      return;
    }
    SchemaScriptRun run(connection_, builder_.mirror().name, position_, false);
    for (const SchemaStatement& statement : script) {
      if (makes(statement, name)) run.run_inside(statement);
    }
    if (!run.report().required.empty()) refuse("mirror lacks what the source's rows need", run.report().required);
  } catch (const libpq::DatabaseError& error) {
    if (error.connection_lost() || classify(error).kind != FailureKind::poison) throw;
    throw SchemaError(
        fmt::format("table {}: the mirror cannot make it anew: {}", relation->qualified_name(), error.what()));
  }
}

/// Not dropped: views and other tables of the mirror may depend on it. Columns that only the mirror has stay.
void ScriptedSchema::remodel(const Relation& relation, const CatalogTable& standing) {
  const std::string schema = builder_.schema_of(relation);
  const std::string name = libpq::mirror_identifier(relation.name);
  const std::string table = libpq::qualified(schema, name);
  SchemaRecord record(connection_, builder_.mirror().name, position_);
  const std::string reason = fmt::format("table {} is copied again and did not fit", relation.qualified_name());
  const libpq::Result referring = connection_.execute(
      "SELECT pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', f.conrelid::regclass, f.conname) "
      "FROM pg_catalog.pg_constraint f JOIN pg_catalog.pg_class t ON t.oid = f.confrelid "
      "JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace "
      "WHERE f.contype = 'f' AND s.nspname = $1 AND t.relname = $2 AND f.conparentid = 0",
      libpq::Parameters::texts({schema, name}));
  // They are made again after the copy; their outstanding checks would keep the table from being altered.
  for (int row = 0; row < referring.rows(); ++row) record.run(std::string(referring.text(row, 0)), reason);
  connection_.execute("DELETE FROM " + table);
  for (const change::Column& column : relation.columns) {
    const std::string quoted = libpq::quote_identifier(column.name);
    const CatalogColumn* found = standing.column(libpq::mirror_identifier(column.name));
    if (found == nullptr) {
      record.run(fmt::format("ALTER TABLE {} ADD COLUMN {} {}", table, quoted, column.declared_type), reason);
    } else if (found->type.sql != column.declared_type) {
      const std::string statement =
          fmt::format("ALTER TABLE {0} ALTER COLUMN {1} DROP DEFAULT, ALTER COLUMN {1} TYPE {2} USING NULL", table,
                      quoted, column.declared_type);
      if (type_of_existing(column, found->type, nullptr)) {
        record.attempt(fmt::format("type {} of column {}", column.declared_type, column.name), statement, reason);
      } else {
        record.run(statement, reason);
      }
    }
  }
  for (const CatalogColumn& column : standing.columns) {
    const bool wanted = std::ranges::any_of(
        relation.columns, [&](const change::Column& own) { return libpq::mirror_identifier(own.name) == column.name; });
    if (wanted || !column.not_null || column.has_default) continue;
    record.run(fmt::format("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL", table, libpq::quote_identifier(column.name)),
               reason);
  }
}

}  // namespace pgmirror::sinks::postgres
