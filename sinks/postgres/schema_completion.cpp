#include "sinks/postgres/schema_completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <set>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"
#include "sinks/postgres/copy_state.hpp"
#include "sinks/postgres/mirror_catalogs.hpp"
#include "sinks/postgres/schema_record.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::Relation;
using change::RelationPtr;
using change::SchemaStatement;

/// Defaults and owners of sequences as the mirror has them: making each again would lock every table after each copy.
class CompletedParts {
 public:
  explicit CompletedParts(libpq::Connection& connection) {
    libpq::DatabaseTransaction transaction(connection);
    const libpq::Result defaults = connection.execute(
        "SELECT n.nspname, c.relname, a.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid)"
        " FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum"
        " JOIN pg_catalog.pg_class c ON c.oid = d.adrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace");
    for (int row = 0; row < defaults.rows(); ++row) {
      statements_.insert(fmt::format("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {}",
                                     libpq::qualified(defaults.text(row, 0), defaults.text(row, 1)),
                                     libpq::quote_identifier(defaults.text(row, 2)), defaults.text(row, 3)));
    }
    const libpq::Result owners = connection.execute(
        "SELECT sn.nspname, s.relname, tn.nspname, t.relname, a.attname FROM pg_catalog.pg_depend d"
        " JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'"
        " JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace JOIN pg_catalog.pg_class t ON t.oid = d.refobjid"
        " JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace"
        " JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
        " WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'a'"
        " AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass");
    for (int row = 0; row < owners.rows(); ++row) {
      statements_.insert(fmt::format(
          "ALTER SEQUENCE {} OWNED BY {}.{}", libpq::qualified(owners.text(row, 0), owners.text(row, 1)),
          libpq::qualified(owners.text(row, 2), owners.text(row, 3)), libpq::quote_identifier(owners.text(row, 4))));
    }
    transaction.commit();
  }

  bool has(const SchemaStatement& statement) const { return statements_.contains(statement.sql); }

 private:
  std::set<std::string> statements_;
};

/// Something that the statement names is not here: the source was altered between the snapshot and the reading of its
/// statements.
bool is_of_later(const std::string& sqlstate) {
  return sqlstate == "42703" || sqlstate == "42P01" || sqlstate == "42704" || sqlstate == "42883";
}

}  // namespace

bool SchemaCompletion::complete(const std::vector<SchemaStatement>& script, const std::vector<RelationPtr>& relations,
                                SchemaScriptRun& run) {
  const std::set<TableName> copied = copied_tables();
  adjust_columns(relations, copied);
  const CompletedParts completed(connection_);
  std::map<TableName, std::string> lacking;
  bool outdated = false;
  for (const SchemaStatement& statement : script) {
    const bool owner = statement.kind == "sequence owner";
    if ((statement.stage != SchemaStatement::Stage::after_data && !owner) || completed.has(statement)) continue;
    const auto table = table_of(statement, relations);
    // What belongs to the others comes as changes of theirs, but for what made way for the copy.
    if (table && !copied.contains(*table) && statement.kind != "foreign key") continue;
    if (table && statement.kind == "primary key") rename_key(*table, statement.name);
    const std::size_t refused = run.report().required.size();
    run.run(statement);
    if (!table || run.report().required.size() == refused) continue;
    if (is_of_later(run.last_refusal())) {
      copy_again(*table, run.report().required.back());
      outdated = true;
    } else {
      lacking[*table] = run.report().required.back();
    }
  }
  const bool alone = builder_.mirror().on_poison != config::PoisonRule::stop;
  if (!alone && !lacking.empty()) {
    throw SchemaError(
        fmt::format("mirror lacks what the source's rows need:\n  {}", fmt::join(run.report().required, "\n  ")));
  }
  for (const auto& [table, reason] : lacking) {
    MirrorTable name;
    name.schema = table.first;
    name.name = table.second;
    make_stopped(connection_, builder_.mirror().name, name, reason);
    spdlog::error("[MirrorSchema] Table {}.{} is stopped: {}", table.first, table.second, reason);
  }
  return outdated;
}

/// In the first copy all of them, whenever they were copied.
std::set<SchemaCompletion::TableName> SchemaCompletion::copied_tables() const {
  const libpq::Result rows = connection_.execute(
      "SELECT t.schema_name, t.table_name FROM pgmirror.tables t"
      " LEFT JOIN pgmirror.checkpoint k ON k.mirror = t.mirror WHERE t.mirror = $1"
      " AND (coalesce(k.position, 0) = 0 OR t.state = 'live' AND t.copied_at >= $2)",
      libpq::Parameters{}.text(builder_.mirror().name).integer(static_cast<std::int64_t>(position_.value)));
  std::set<TableName> copied;
  for (int row = 0; row < rows.rows(); ++row) copied.emplace(rows.text(row, 0), rows.text(row, 1));
  return copied;
}

std::optional<SchemaCompletion::TableName> SchemaCompletion::table_of(const SchemaStatement& statement,
                                                                      const std::vector<RelationPtr>& relations) const {
  for (const RelationPtr& relation : relations) {
    if (relation->schema == statement.schema && statement.name.starts_with(relation->name + ".")) {
      return TableName{builder_.schema_of(*relation), libpq::mirror_identifier(relation->name)};
    }
  }
  return std::nullopt;
}

/// Of our own tables that were copied: what stood in the way of the copy, or that only the copy made possible.
void SchemaCompletion::adjust_columns(const std::vector<RelationPtr>& relations, const std::set<TableName>& copied) {
  const libpq::Result rows =
      connection_.execute("SELECT schema_name, table_name FROM pgmirror.tables WHERE mirror = $1 AND created",
                          libpq::Parameters{}.text(builder_.mirror().name));
  std::set<TableName> own;
  for (int row = 0; row < rows.rows(); ++row) {
    const TableName name{rows.text(row, 0), rows.text(row, 1)};
    if (copied.contains(name)) own.insert(name);
  }
  MirrorCatalogs catalogs(connection_, builder_);
  for (const RelationPtr& relation : relations) {
    if (!own.contains({builder_.schema_of(*relation), libpq::mirror_identifier(relation->name)})) continue;
    const CatalogTable* const standing = catalogs.table(*relation);
    if (standing == nullptr) continue;
    drop_former_key(*relation, *standing);
    require_values(*relation, *standing);
  }
}

void SchemaCompletion::copy_again(const TableName& table, const std::string& reason) {
  connection_.execute(
      "UPDATE pgmirror.tables SET state = 'copying', copied_at = 0, last_error = $4"
      " WHERE mirror = $1 AND schema_name = $2 AND table_name = $3",
      libpq::Parameters::texts({builder_.mirror().name, table.first, table.second, reason}));
  spdlog::warn("[MirrorSchema] Table {}.{} is copied again: {}", table.first, table.second, reason);
}

/// The same key under the name that it had when it was made here could not be taken away by its name later.
void SchemaCompletion::rename_key(const TableName& table, const std::string& part) {
  const std::string name = part.substr(part.find('.', table.second.size()) + 1);
  const libpq::Result standing = connection_.execute(
      "SELECT k.conname FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE k.contype = 'p' AND n.nspname = $1 AND c.relname = $2",
      libpq::Parameters::texts({table.first, table.second}));
  if (standing.rows() == 0 || standing.text(0, 0) == name) return;
  libpq::DatabaseTransaction transaction(connection_);
  SchemaRecord(connection_, builder_.mirror().name, position_)
      .attempt(fmt::format("renaming the key of table {}", table.second),
               fmt::format("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", libpq::qualified(table.first, table.second),
                           libpq::quote_identifier(standing.text(0, 0)), libpq::quote_identifier(name)),
               fmt::format("the key of table {} is called {}", table.second, name));
  transaction.commit();
}

void SchemaCompletion::attempt(const Relation& relation, const std::string& what, const std::string& action,
                               const std::string& reason) {
  const std::string table = libpq::qualified(builder_.schema_of(relation), libpq::mirror_identifier(relation.name));
  libpq::DatabaseTransaction transaction(connection_);
  SchemaRecord(connection_, builder_.mirror().name, position_)
      .attempt(fmt::format("{} of table {}", what, relation.qualified_name()),
               fmt::format("ALTER TABLE {} {}", table, action),
               fmt::format("{} of table {}", reason, relation.qualified_name()));
  transaction.commit();
}

/// A table has one primary key, and the source's could not be made beside it.
void SchemaCompletion::drop_former_key(const Relation& relation, const CatalogTable& standing) {
  if (relation.key.empty() || relation.identity != change::ReplicaIdentity::key) return;
  std::vector<std::string> key;
  for (const std::size_t column : relation.key) key.push_back(libpq::mirror_column(relation.columns[column].name));
  const bool identified =
      std::ranges::any_of(standing.indexes, [&](const CatalogIndex& index) { return index.identifies(key); });
  for (const CatalogIndex& index : standing.indexes) {
    if (!index.primary || identified) continue;
    attempt(relation, "dropping the former key", "DROP CONSTRAINT " + libpq::quote_identifier(index.name),
            fmt::format("{} is not the primary key any more", index.name));
  }
}

/// A column that came to a filled table could not refuse NULL before the copy gave each row a value.
void SchemaCompletion::require_values(const Relation& relation, const CatalogTable& standing) {
  for (const change::Column& column : relation.columns) {
    const CatalogColumn* const found = standing.column(libpq::mirror_column(column.name));
    if (found == nullptr || found->not_null || !column.not_null) continue;
    attempt(relation, fmt::format("NOT NULL of column {}", column.name),
            fmt::format("ALTER COLUMN {} SET NOT NULL", libpq::quote_column(column.name)),
            fmt::format("each row has a value in column {}", column.name));
  }
}

}  // namespace pgmirror::sinks::postgres
