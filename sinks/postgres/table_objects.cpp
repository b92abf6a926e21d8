#include "sinks/postgres/table_objects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"
#include "sinks/postgres/index_plan.hpp"
#include "sinks/postgres/known_tables.hpp"
#include "sinks/postgres/mirror_catalogs.hpp"
#include "sinks/postgres/table_match.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::Relation;
using change::RelationPtr;

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
  MirrorCatalogs catalogs_;
  std::map<std::string, Entry> tables_;
  SchemaReport report_;
};

}  // namespace

SchemaReport build_table_objects(libpq::Connection& connection, const SchemaBuilder& builder,
                                 const std::vector<RelationPtr>& relations) {
  ObjectBuilder objects(connection, builder, relations);
  objects.indexes();
  if (builder.mirror().foreign_keys) objects.foreign_keys();
  return std::move(objects).report();
}

}  // namespace pgmirror::sinks::postgres
