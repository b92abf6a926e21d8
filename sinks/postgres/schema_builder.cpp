#include "sinks/postgres/schema_builder.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"
#include "sinks/postgres/index_plan.hpp"
#include "sinks/postgres/mirror_catalog.hpp"
#include "sinks/postgres/privacy.hpp"
#include "sinks/postgres/schema_follow.hpp"
#include "sinks/postgres/schema_record.hpp"
#include "sinks/postgres/scripted_schema.hpp"
#include "sinks/postgres/table_definition.hpp"
#include "sinks/postgres/table_match.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::Relation;
using change::RelationPtr;

using TableName = std::pair<std::string, std::string>;  ///< schema and table in the mirror

struct TableRow {
  std::string state;
  bool created = false;
};

std::map<TableName, TableRow> known_tables(libpq::Connection& connection, const std::string& mirror) {
  const libpq::Result rows =
      connection.execute("SELECT schema_name, table_name, state, created FROM pgmirror.tables WHERE mirror = $1",
                         libpq::Parameters{}.text(mirror));
  std::map<TableName, TableRow> tables;
  for (int row = 0; row < rows.rows(); ++row) {
    tables[{std::string(rows.text(row, 0)), std::string(rows.text(row, 1))}] = {std::string(rows.text(row, 2)),
                                                                                rows.boolean(row, 3)};
  }
  return tables;
}

/// The catalogs of the schemas that relations land in, each read once.
class Catalogs {
 public:
  Catalogs(libpq::Connection& connection, const SchemaBuilder& builder) : connection_(connection), builder_(builder) {}

  const MirrorCatalog& of(const Relation& relation) {
    const std::string& schema = builder_.schema_of(relation);
    const auto found = catalogs_.find(schema);
    if (found != catalogs_.end()) return found->second;
    return catalogs_.emplace(schema, MirrorCatalog::read(connection_, schema)).first->second;
  }
  const CatalogTable* table(const Relation& relation) {
    return of(relation).table(libpq::mirror_identifier(relation.name));
  }
  void forget() { catalogs_.clear(); }

 private:
  libpq::Connection& connection_;
  const SchemaBuilder& builder_;
  std::map<std::string, MirrorCatalog> catalogs_;
};

[[noreturn]] void refuse(const std::vector<std::string>& problems) {
  throw SchemaError(fmt::format("mirror's tables do not fit the source's:\n  {}", fmt::join(problems, "\n  ")));
}

/// Decides what prepare() has to do, all of it before anything is done.
class Preparation {
 public:
  Preparation(libpq::Connection& connection, const SchemaBuilder& builder, change::Snapshot& snapshot)
      : connection_(connection),
        builder_(builder),
        snapshot_(snapshot),
        known_(known_tables(connection, builder.mirror().name)),
        catalogs_(connection, builder) {}

  void plan() {
    for (const RelationPtr& relation : snapshot_.relations()) {
      try {
        plan_table(relation);
      } catch (const libpq::IdentifierError& error) {
        problems_.push_back(fmt::format("table {}: {}", relation->qualified_name(), error.what()));
      } catch (const TypeError& error) {
        problems_.push_back(fmt::format("table {}: {}", relation->qualified_name(), error.what()));
      }
    }
    if (!problems_.empty()) refuse(problems_);
  }

  SchemaReport carry_out(libpq::Connection& connection) const {
    libpq::DatabaseTransaction transaction(connection);
    connection.execute("SET LOCAL statement_timeout = 0");
    for (const std::string& statement : statements_) connection.execute(statement);
    for (const Entry& entry : entries_) {
      libpq::Parameters parameters;
      parameters.text(builder_.mirror().name).text(entry.name.first).text(entry.name.second);
      parameters.text(entry.created ? "true" : "false");
      if (entry.rows) parameters.integer(static_cast<std::int64_t>(*entry.rows));
      if (!entry.rows) parameters.null();
      connection.execute(
          "INSERT INTO pgmirror.tables (mirror, schema_name, table_name, state, created, rows) "
          "VALUES ($1, $2, $3, 'copying', $4::boolean, $5::bigint) ON CONFLICT DO NOTHING",
          parameters);
    }
    transaction.commit();
    return report_;
  }

  std::size_t tables() const { return entries_.size(); }
  std::size_t standing() const { return standing_; }

 private:
  struct Entry {
    TableName name;
    bool created = false;
    std::optional<std::uint64_t> rows{};
  };

  void plan_table(const RelationPtr& relation) {
    const TableName name{builder_.schema_of(*relation), libpq::mirror_identifier(relation->name)};
    if (!names_.insert(name).second) {
      problems_.push_back(fmt::format("table {}: another table has the same name {} in the mirror; exclude one of them",
                                      relation->qualified_name(), name.second));
      return;
    }
    check_column_names(*relation);
    const auto known = known_.find(name);
    if (known != known_.end() && known->second.state != "copying") {
      ++standing_;
      return;
    }
    const CatalogTable* existing = catalogs_.table(*relation);
    if (existing == nullptr) {
      create(*relation, name);
    } else {
      ++standing_;
      const bool ours = known != known_.end() && known->second.created;
      if (!ours || !make_anew(relation, name, *existing)) complete(relation, name, *existing);
    }
  }

  /// The source was altered after an earlier attempt had made the table and before its copy began. False where it fits,
  /// or holds rows: those are an unfinished copy, or somebody else's.
  bool make_anew(const RelationPtr& relation, const TableName& name, const CatalogTable& existing) {
    const TableMatch match = match_table(relation, name.first, existing, builder_.mirror());
    const bool fits = match.problems.empty() && match.key_problem.empty() && match.missing.empty() &&
                      match.table.own_columns.empty();
    if (fits || connection_.execute(fmt::format("SELECT FROM {} LIMIT 1", match.table.quoted)).rows() > 0) return false;
    statements_.push_back("DROP TABLE " + match.table.quoted);
    create(*relation, name);
    return true;
  }

  void check_column_names(const Relation& relation) {
    std::set<std::string> names;
    for (const change::Column& column : relation.columns) {
      if (names.insert(libpq::mirror_column(column.name)).second) continue;
      problems_.push_back(
          fmt::format("table {}: another column has the same name {} in the mirror; exclude one of them",
                      relation.qualified_name(), libpq::mirror_column(column.name)));
    }
  }

  void create(const Relation& relation, const TableName& name) {
    if (!catalogs_.of(relation).has_schema() && schemas_.insert(name.first).second) {
      statements_.push_back("CREATE SCHEMA IF NOT EXISTS " + libpq::quote_identifier(name.first));
    }
    const change::TableProfile profile = snapshot_.profile(relation);
    const TableDefinition definition = define_table(relation, name.first, &profile, builder_.mirror());
    statements_.push_back(definition.create_sql + "; " + privacy_sql(definition.quoted));
    entries_.push_back({name, true, profile.rows});
    ++report_.tables_created;
  }

  void complete(const RelationPtr& relation, const TableName& name, const CatalogTable& existing) {
    TableMatch match = match_table(relation, name.first, existing, builder_.mirror());
    problems_.insert(problems_.end(), match.problems.begin(), match.problems.end());
    if (!match.key_problem.empty()) problems_.push_back(match.key_problem);
    for (const std::size_t position : match.missing) {
      const change::Column& column = relation->columns[position];
      if (std::ranges::find(relation->key, position) != relation->key.end()) {
        problems_.push_back(fmt::format("table {}: key column {} is missing in the mirror; add it there",
                                        relation->qualified_name(), column.name));
        continue;
      }
      const TargetType type = choose_type(column, nullptr, type_override(builder_.mirror(), *relation, column));
      statements_.push_back(
          fmt::format("ALTER TABLE {} ADD COLUMN {}", match.table.quoted, column_sql(column, type, false)));
      ++report_.columns_added;
    }
    entries_.push_back({name, false});
  }

  libpq::Connection& connection_;
  const SchemaBuilder& builder_;
  change::Snapshot& snapshot_;
  std::map<TableName, TableRow> known_;
  Catalogs catalogs_;
  std::set<TableName> names_;
  std::set<std::string> schemas_;
  std::vector<std::string> problems_;
  std::vector<std::string> statements_;
  std::vector<Entry> entries_;
  std::size_t standing_ = 0;
  SchemaReport report_;
};

/// Makes one object in a transaction of its own. Returns why the server refused it because of the rows or types that
/// stand there, empty when it is made.
std::string create_object(libpq::Connection& connection, const ObjectPlan& plan) {
  static constexpr std::array refusals{"23505", "23503", "54000", "42704", "42830", "42P17", "42804"};
  try {
    libpq::DatabaseTransaction transaction(connection);
    connection.execute("SET LOCAL statement_timeout = 0; " + plan.sql);
    transaction.commit();
    return {};
  } catch (const libpq::DatabaseError& error) {
    if (std::ranges::find(refusals, error.sqlstate()) == refusals.end()) throw;
    return fmt::format("{}: the mirror refuses it: {}", plan.name, error.what());
  }
}

bool name_taken(libpq::Connection& connection, const std::string& schema, const std::string& name) {
  return connection
             .execute(
                 "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                 "WHERE n.nspname = $1 AND c.relname = $2",
                 libpq::Parameters{}.text(schema).text(name))
             .rows() > 0;
}

/// Indexes and foreign keys of the tables that we made.
class ObjectBuilder {
 public:
  ObjectBuilder(libpq::Connection& connection, const SchemaBuilder& builder, const std::vector<RelationPtr>& relations)
      : connection_(connection), builder_(builder), catalogs_(connection, builder) {
    const auto known = known_tables(connection, builder.mirror().name);
    for (const RelationPtr& relation : relations) {
      const CatalogTable* existing = catalogs_.table(*relation);
      const auto row = known.find({builder.schema_of(*relation), libpq::mirror_identifier(relation->name)});
      if (existing == nullptr || row == known.end() || row->second.state == "dropped") continue;
      TableMatch match = match_table(relation, builder.schema_of(*relation), *existing, builder.mirror());
      if (!match.problems.empty() || !match.key_problem.empty() || !match.missing.empty()) continue;
      tables_[relation->qualified_name()] = {std::make_shared<MirrorTable>(std::move(match.table)),
                                             row->second.created};
    }
  }

  void indexes() {
    for (const auto& [name, entry] : tables_) {
      if (!entry.created) continue;
      const CatalogTable* existing = catalogs_.table(*entry.table->relation);
      for (const change::Index& index : entry.table->relation->indexes) build_index(*entry.table, *existing, index);
    }
    // Foreign keys need to see the unique indexes made just now.
    catalogs_.forget();
  }

  void foreign_keys() {
    for (const auto& [name, entry] : tables_) {
      if (!entry.created) continue;
      for (const change::ForeignKey& key : entry.table->relation->foreign_keys) build_foreign_key(*entry.table, key);
    }
  }

  SchemaReport report() && { return std::move(report_); }

 private:
  struct Entry {
    MirrorTablePtr table;
    bool created = false;
  };

  bool make(const ObjectPlan& plan) {
    std::string reason = plan.reason;
    if (reason.empty()) reason = create_object(connection_, plan);
    if (reason.empty()) return true;
    report_.left_out.push_back(std::move(reason));
    return false;
  }

  void build_index(const MirrorTable& table, const CatalogTable& existing, const change::Index& index) {
    const ObjectPlan plan = plan_index(table, index);
    if (plan.sql.empty() && plan.reason.empty()) return;
    if (std::ranges::find(existing.indexes, plan.name, &CatalogIndex::name) != existing.indexes.end()) return;
    if (plan.reason.empty() && name_taken(connection_, table.schema, plan.name)) {
      report_.left_out.push_back(fmt::format("index {} of table {}: something else in the mirror has that name",
                                             plan.name, table.relation->qualified_name()));
      return;
    }
    if (make(plan)) ++report_.indexes_created;
  }

  void build_foreign_key(const MirrorTable& child, const change::ForeignKey& key) {
    const CatalogTable* existing = catalogs_.table(*child.relation);
    const std::string name = foreign_key_name(*child.relation, key);
    if (std::ranges::find(existing->foreign_keys, name) != existing->foreign_keys.end()) return;
    Relation referenced;
    referenced.schema = key.referenced_schema;
    referenced.name = key.referenced_table;
    const auto parent = tables_.find(referenced.qualified_name());
    const ObjectPlan plan = parent == tables_.end()
                                ? plan_foreign_key(child, key, {}, nullptr)
                                : plan_foreign_key(child, key, parent->second.table->quoted,
                                                   catalogs_.table(*parent->second.table->relation));
    if (make(plan)) ++report_.foreign_keys_created;
  }

  libpq::Connection& connection_;
  const SchemaBuilder& builder_;
  Catalogs catalogs_;
  std::map<std::string, Entry> tables_;
  SchemaReport report_;
};

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
  Preparation preparation(connection, *this, snapshot);
  preparation.plan();
  SchemaReport report = preparation.carry_out(connection);
  report.mirror_was_empty = preparation.standing() == 0;
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
    spdlog::info("[MirrorSchema] Mirror has {} of {} tables: created {} tables, added {} columns",
                 preparation.standing(), snapshot.relations().size(), report.tables_created, report.columns_added);
  }
  return report;
}

SchemaReport SchemaBuilder::build_indexes(libpq::Connection& connection,
                                          const std::vector<RelationPtr>& relations) const {
  ObjectBuilder builder(connection, *this, relations);
  builder.indexes();
  if (mirror_.foreign_keys) builder.foreign_keys();
  SchemaReport report = std::move(builder).report();
  spdlog::info("[MirrorSchema] Created {} indexes, {} foreign keys", report.indexes_created,
               report.foreign_keys_created);
  for (const std::string& reason : report.left_out) spdlog::warn("[MirrorSchema] Left out: {}", reason);
  return report;
}

SchemaReport SchemaBuilder::complete(libpq::Connection& connection, change::Snapshot& snapshot) const {
  const auto script = snapshot.definition();
  if (script.empty()) return build_indexes(connection, snapshot.relations());
  return ScriptedSchema(connection, *this, snapshot.position()).complete(script, snapshot.sequences());
}

MirrorTablePtr SchemaBuilder::describe(libpq::Connection& connection, const RelationPtr& relation) const {
  TableMatch match = standing(connection, relation);
  if (!match.key_problem.empty()) refuse({match.key_problem});
  return std::make_shared<MirrorTable>(std::move(match.table));
}

MirrorTablePtr SchemaBuilder::describe_for_copy(libpq::Connection& connection, const RelationPtr& relation) const {
  TableMatch match = standing(connection, relation);
  const bool keys_follow = match.table.of_postgres();
  if (!match.key_problem.empty() && !keys_follow) refuse({match.key_problem});
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
  const auto known = known_tables(connection, mirror_.name);
  const auto row = known.find({schema_of(*relation), name});
  const bool ours = row != known.end() && row->second.created;
  try {
    MirrorTablePtr table = describe_for_copy(connection, relation);
    if (!ours || !has_former_types(*table)) return table;
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
