#include "sinks/postgres/scripted_schema.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <set>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"
#include "sinks/postgres/column_dependents.hpp"
#include "sinks/postgres/copy_state.hpp"
#include "sinks/postgres/failure.hpp"
#include "sinks/postgres/mirror_catalog.hpp"
#include "sinks/postgres/own_parts.hpp"
#include "sinks/postgres/part_follow.hpp"
#include "sinks/postgres/replica_role.hpp"
#include "sinks/postgres/schema_completion.hpp"
#include "sinks/postgres/schema_record.hpp"
#include "sinks/postgres/sequence_values.hpp"
#include "sinks/postgres/standing_tables.hpp"
#include "sinks/postgres/table_match.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::Relation;
using change::RelationPtr;
using change::SchemaStatement;
using TableName = ScriptedSchema::TableName;

[[noreturn]] void refuse(const std::string& what, const std::vector<std::string>& problems) {
  throw SchemaError(fmt::format("{}:\n  {}", what, fmt::join(problems, "\n  ")));
}

bool makes(const SchemaStatement& statement, const TableName& table) {
  return (statement.kind == "table" || statement.kind == "partition") && statement.schema == table.first &&
         statement.name == table.second;
}

/// As the source qualifies it.
std::string collate(const change::Column& column) {
  return column.collation.empty() ? "" : " COLLATE " + column.collation;
}

/// What no sequence can fill is no identity any more.
std::string without_identity(const change::Column& column, const std::string& quoted) {
  const std::string& type = column.declared_type;
  if (type == "smallint" || type == "integer" || type == "bigint") return {};
  return fmt::format(" ALTER COLUMN {} DROP IDENTITY IF EXISTS,", quoted);
}

std::vector<std::string> all_of(const std::map<TableName, std::vector<std::string>>& problems) {
  std::vector<std::string> all;
  for (const auto& [table, sentences] : problems) std::ranges::copy(sentences, std::back_inserter(all));
  return all;
}

void enter_tables(libpq::Connection& connection, const SchemaBuilder& builder, const StandingTables& standing,
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
  const StandingTables standing(connection_, builder_, relations);
  const bool others_go_on = standing.any_live() && builder_.mirror().on_poison != config::PoisonRule::stop;
  if (!standing.problems().empty() && !others_go_on) {
    refuse("mirror's tables do not fit the source's", all_of(standing.problems()));
  }
  SchemaScriptRun run = script_run();
  run.run(script, SchemaStatement::Stage::before_data);
  const std::vector<std::string>& lacking = run.report().required;
  if (!lacking.empty() && !others_go_on) refuse("mirror lacks what the source's rows need", lacking);

  libpq::DatabaseTransaction transaction(connection_);
  for (const std::string& addition : standing.additions()) {
    SchemaRecord(connection_, builder_.mirror().name, position_).run(addition, "column of the source that was missing");
  }
  for (const RelationPtr& relation : standing.outdated()) start_anew(relation, script);
  enter_tables(connection_, builder_, standing, relations);
  for (const auto& [table, problems] : standing.problems()) {
    stop_table(table, fmt::format("{}", fmt::join(problems, "; ")));
  }
  if (!lacking.empty()) stop_missing(relations, fmt::format("{}", fmt::join(lacking, "; ")));
  transaction.commit();

  SchemaReport report{.mirror_was_empty = standing.count() == 0,
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

SchemaReport ScriptedSchema::complete(const Script& script, const std::vector<RelationPtr>& relations,
                                      const std::vector<change::SequenceValue>& sequences) {
  SchemaScriptRun run = script_run();
  const bool copy_again = SchemaCompletion(connection_, builder_, position_).complete(script, relations, run);
  if (!sequences.empty()) connection_.execute(set_sequences_sql, sequence_parameters(sequences));
  SchemaReport report{.indexes_created = count_of(run.report(), "index"),
                      .foreign_keys_created = count_of(run.report(), "foreign key"),
                      .left_out = run.report().left_out,
                      .copy_again = copy_again};
  spdlog::info("[MirrorSchema] Created {}; {} objects stood there, {} are left out", counted(run.report().made),
               run.report().standing, report.left_out.size());
  return report;
}

/// What an interrupted copy left there has the columns of then.
void ScriptedSchema::start_anew(const RelationPtr& relation, const Script& script) {
  const std::string& schema = builder_.schema_of(*relation);
  const std::string name = libpq::mirror_identifier(relation->name);
  const MirrorCatalog catalog = MirrorCatalog::read(connection_, schema, name);
  SchemaRecord record(connection_, builder_.mirror().name, position_);
  for (const CatalogColumn& column : catalog.table(name)->columns) {
    const bool wanted = std::ranges::any_of(
        relation->columns, [&](const change::Column& own) { return libpq::mirror_column(own.name) == column.name; });
    if (wanted || column.generated) continue;
    record.attempt(fmt::format("dropping column {} of table {}", column.name, relation->qualified_name()),
                   fmt::format("ALTER TABLE {} DROP COLUMN {}", libpq::qualified(schema, name),
                               libpq::quote_identifier(column.name)),
                   fmt::format("table {} was defined anew before its first copy was done", relation->qualified_name()));
  }
  recreate(relation, script);
  connection_.execute("DELETE FROM pgmirror.copied_parts WHERE mirror = $1 AND schema_name = $2 AND table_name = $3",
                      libpq::Parameters::texts({builder_.mirror().name, schema, name}));
}

void ScriptedSchema::stop_table(const TableName& table, const std::string& reason) {
  MirrorTable name;
  name.schema = table.first;
  name.name = table.second;
  make_stopped(connection_, builder_.mirror().name, name, reason);
  spdlog::error("[MirrorSchema] Table {}.{} is stopped: {}", table.first, table.second, reason);
}

void ScriptedSchema::stop_missing(const std::vector<RelationPtr>& relations, const std::string& reason) {
  for (const RelationPtr& relation : relations) {
    const TableName name{builder_.schema_of(*relation), libpq::mirror_identifier(relation->name)};
    if (MirrorCatalog::read(connection_, name.first, name.second).table(name.second) == nullptr) {
      stop_table(name, reason);
    }
  }
}

void ScriptedSchema::recreate(const RelationPtr& relation, const Script& script) {
  const TableName name{builder_.schema_of(*relation), libpq::mirror_identifier(relation->name)};
  const MirrorCatalog catalog = MirrorCatalog::read(connection_, name.first, name.second);
  try {
    if (catalog.table(name.second) != nullptr) {
      remodel(*relation);
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

void ScriptedSchema::take_away_former(const Relation& relation, const Script& script) {
  PartFollow parts(connection_, builder_.mirror().name, position_, relation.schema, relation.name);
  for (const SchemaStatement& statement : script) {
    if (statement.table != relation.name || statement.schema != relation.schema) continue;
    // Deferred while rows come.
    if (statement.kind == "foreign key") continue;
    if (statement.kind == change::table_layout_kind) {
      parts.retire(statement.parts);
    } else {
      parts.stands(statement, statement.sql);
    }
  }
}

/// All that is made again over the rows, and may be in the way until then.
void ScriptedSchema::take_away_parts(const Relation& relation) {
  std::vector<std::string> columns;
  for (const change::Column& column : relation.columns) columns.push_back("column " + column.name);
  PartFollow(connection_, builder_.mirror().name, position_, relation.schema, relation.name).retire(columns);
}

/// Not dropped: views and other tables of the mirror may depend on it. Columns that only the mirror has stay.
void ScriptedSchema::remodel(const Relation& relation) {
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
  take_away_parts(relation);
  const MirrorCatalog catalog = MirrorCatalog::read(connection_, schema, name);
  const CatalogTable& standing = *catalog.table(name);
  for (const change::Column& column : relation.columns) {
    const std::string quoted = libpq::quote_identifier(column.name);
    const CatalogColumn* found = standing.column(libpq::mirror_identifier(column.name));
    if (found == nullptr) {
      record.run(fmt::format("ALTER TABLE {} ADD COLUMN {} {}{}", table, quoted, column.declared_type, collate(column)),
                 reason);
    } else if (found->type.sql != column.declared_type) {
      release_column(record, schema, name, found->name);
      const std::string statement =
          fmt::format("ALTER TABLE {0} ALTER COLUMN {1} DROP DEFAULT,{4} ALTER COLUMN {1} TYPE {2}{3} USING NULL",
                      table, quoted, column.declared_type, collate(column), without_identity(column, quoted));
      if (type_of_existing(column, found->type, nullptr)) {
        record.attempt(fmt::format("type {} of column {}", column.declared_type, column.name), statement, reason);
      } else {
        record.run(statement, reason);
      }
    }
  }
  std::map<std::string, std::string> columns;
  for (const change::Column& column : relation.columns) {
    columns.emplace("column " + libpq::mirror_identifier(column.name), "");
  }
  OwnParts(connection_, builder_.mirror().name, schema, name).add(columns);
  for (const CatalogColumn& column : standing.columns) {
    const bool wanted = std::ranges::any_of(relation.columns, [&](const change::Column& own_column) {
      return libpq::mirror_identifier(own_column.name) == column.name;
    });
    if (wanted || !column.not_null || column.has_default) continue;
    record.run(fmt::format("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL", table, libpq::quote_identifier(column.name)),
               reason);
  }
}

}  // namespace pgmirror::sinks::postgres
