#include "sinks/postgres/schema_builder.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "libpq/identifier.hpp"
#include "sinks/postgres/copy_state.hpp"
#include "sinks/postgres/known_tables.hpp"
#include "sinks/postgres/mirror_catalog.hpp"
#include "sinks/postgres/schema_follow.hpp"
#include "sinks/postgres/schema_record.hpp"
#include "sinks/postgres/scripted_schema.hpp"
#include "sinks/postgres/table_definition.hpp"
#include "sinks/postgres/table_match.hpp"
#include "sinks/postgres/table_objects.hpp"
#include "sinks/postgres/table_preparation.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::Relation;
using change::RelationPtr;

[[noreturn]] void refuse(const std::vector<std::string>& problems) {
  throw SchemaError(fmt::format("mirror's tables do not fit the source's:\n  {}", fmt::join(problems, "\n  ")));
}

/// A text column takes whatever the source's has become, but need not stay one.
bool has_former_types(const MirrorTable& table) {
  return std::ranges::any_of(table.columns, [&](const MirrorColumn& column) {
    const change::Column& source = table.relation->columns[column.source];
    return source.family == change::TypeFamily::native && column.type.sql != source.declared_type;
  });
}

}  // namespace

SchemaBuilder::SchemaBuilder(config::Mirror mirror) : mirror_(std::move(mirror)) {}

const std::string& SchemaBuilder::schema_of(const Relation& relation) const {
  return relation.schema.empty() ? mirror_.schema : relation.schema;
}

SchemaReport SchemaBuilder::prepare(libpq::Connection& connection, change::Snapshot& snapshot) const {
  if (const auto script = snapshot.definition(); !script.empty()) {
    return ScriptedSchema(connection, *this, snapshot.position()).prepare(script, snapshot.relations());
  }
  const auto [report, standing] = prepare_tables(connection, *this, snapshot);
  std::size_t indexes = 0;
  std::size_t foreign_keys = 0;
  for (const RelationPtr& relation : snapshot.relations()) {
    indexes += relation->indexes.size();
    foreign_keys += mirror_.foreign_keys ? relation->foreign_keys.size() : 0;
  }
  if (report.mirror_was_empty) {
    spdlog::info(
        "[MirrorSchema] Mirror is empty: created {} tables; {} indexes and {} foreign keys follow after the copy",
        report.tables_created, indexes, foreign_keys);
  } else {
    spdlog::info("[MirrorSchema] Mirror has {} of {} tables: created {} tables, added {} columns", standing,
                 snapshot.relations().size(), report.tables_created, report.columns_added);
  }
  return report;
}

SchemaReport SchemaBuilder::build_indexes(libpq::Connection& connection,
                                          const std::vector<RelationPtr>& relations) const {
  SchemaReport report = build_table_objects(connection, *this, relations);
  spdlog::info("[MirrorSchema] Created {} indexes, {} foreign keys", report.indexes_created,
               report.foreign_keys_created);
  for (const std::string& reason : report.left_out) spdlog::warn("[MirrorSchema] Left out: {}", reason);
  return report;
}

SchemaReport SchemaBuilder::complete(libpq::Connection& connection, change::Snapshot& snapshot) const {
  const auto script = snapshot.definition();
  SchemaReport report = script.empty() ? build_indexes(connection, snapshot.relations())
                                       : ScriptedSchema(connection, *this, snapshot.position())
                                             .complete(script, snapshot.relations(), snapshot.sequences());
  gather_statistics(connection, mirror_.name);
  make_whole(connection, mirror_.name);
  return report;
}

MirrorTablePtr SchemaBuilder::describe(libpq::Connection& connection, const RelationPtr& relation) const {
  TableMatch match = standing(connection, relation);
  if (!match.key_problem.empty()) refuse({match.key_problem});
  return std::make_shared<MirrorTable>(std::move(match.table));
}

MirrorTablePtr SchemaBuilder::describe_for_copy(libpq::Connection& connection, const RelationPtr& relation) const {
  TableMatch match = standing(connection, relation);
  const bool key_follows =
      match.table.of_postgres() ||
      (match.table.lacks_key && is_ours(connection, mirror_.name, match.table.schema, match.table.name));
  if (!match.key_problem.empty() && !key_follows) refuse({match.key_problem});
  return std::make_shared<MirrorTable>(std::move(match.table));
}

TableMatch SchemaBuilder::standing(libpq::Connection& connection, const RelationPtr& relation) const {
  const std::string& schema = schema_of(*relation);
  const std::string name = libpq::mirror_identifier(relation->name);
  const MirrorCatalog catalog = MirrorCatalog::read(connection, schema, name);
  const CatalogTable* existing = catalog.table(name);
  if (existing == nullptr) {
    refuse({fmt::format("table {}: missing in the mirror; run \"pgmirror resync {}\"", relation->qualified_name(),
                        relation->qualified_name())});
  }
  TableMatch match = match_table(relation, schema, *existing, mirror_);
  for (const std::size_t position : match.missing) {
    match.problems.push_back(fmt::format("table {}: column {} is missing in the mirror; add it there",
                                         relation->qualified_name(), relation->columns[position].name));
  }
  if (!match.problems.empty()) refuse(match.problems);
  return match;
}

MirrorTablePtr SchemaBuilder::describe_or_recreate(libpq::Connection& connection, change::Snapshot& snapshot,
                                                   const RelationPtr& relation) const {
  const std::string name = libpq::mirror_identifier(relation->name);
  const bool ours = is_ours(connection, mirror_.name, schema_of(*relation), name);
  try {
    MirrorTablePtr table = describe_for_copy(connection, relation);
    bool former = has_former_types(*table);
    if (ours && !former && table->of_postgres()) {
      ScriptedSchema(connection, *this, snapshot.position()).take_away_former(*relation, snapshot.definition());
      table = describe_for_copy(connection, relation);
      // A column that was computed here is an ordinary one now.
      former = has_former_types(*table);
    }
    if (!ours || !former) return table;
  } catch (const SchemaError& error) {
    const bool stands = MirrorCatalog::read(connection, schema_of(*relation), name).table(name) != nullptr;
    if (stands && !ours) throw;
    spdlog::warn("[MirrorSchema] Making table {} anew: {}", relation->qualified_name(), error.what());
  }
  if (const auto script = snapshot.definition(); !script.empty()) {
    ScriptedSchema(connection, *this, snapshot.position()).recreate(relation, script);
  } else {
    SchemaFollow(connection, *this, snapshot.position()).recreate(*relation, snapshot.profile(*relation));
  }
  return describe_for_copy(connection, relation);
}

MirrorTablePtr SchemaBuilder::recreate_by_row_id(libpq::Connection& connection, change::Snapshot& snapshot,
                                                 const RelationPtr& relation) const {
  SchemaFollow(connection, *this, snapshot.position())
      .recreate(*relation, snapshot.profile(*relation), TableKey::row_id);
  return describe_for_copy(connection, relation);
}

void SchemaBuilder::allow_null(libpq::Connection& connection, const MirrorTable& table, const MirrorColumn& column,
                               change::Position position) const {
  const std::string statement =
      fmt::format("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL", table.quoted, column.quoted);
  const std::string reason =
      fmt::format("dropped NOT NULL: a row of table {} has NULL in column {}, or a value that its type cannot hold",
                  table.relation->qualified_name(), column.name);
  SchemaRecord(connection, mirror_.name, position).run(statement, reason);
}

}  // namespace pgmirror::sinks::postgres
