#include "sinks/postgres/table_preparation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"
#include "sinks/postgres/known_tables.hpp"
#include "sinks/postgres/mirror_catalogs.hpp"
#include "sinks/postgres/privacy.hpp"
#include "sinks/postgres/table_definition.hpp"
#include "sinks/postgres/table_match.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::Relation;
using change::RelationPtr;
using TableName = std::pair<std::string, std::string>;  ///< schema and table in the mirror

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
    if (problems_.empty()) return;
    throw SchemaError(fmt::format("mirror's tables do not fit the source's:\n  {}", fmt::join(problems_, "\n  ")));
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
      if (!ours || !make_anew(relation, name, *existing)) complete(relation, name, *existing, ours);
    }
  }

  /// The source was altered after an earlier attempt had made the table and before its copy began. False where it fits,
  /// or holds rows: those are an unfinished copy, or somebody else's.
  bool make_anew(const RelationPtr& relation, const TableName& name, const CatalogTable& existing) {
    const TableMatch match = match_table(relation, name.first, existing, builder_.mirror());
    const bool key_fits = match.key_problem.empty() || match.table.lacks_key;
    const bool fits = match.problems.empty() && key_fits && match.missing.empty() && match.table.own_columns.empty();
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
    statements_.push_back(definition.rows_sql + "; " + privacy_sql(definition.quoted));
    entries_.push_back({name, true, profile.rows});
    ++report_.tables_created;
  }

  void complete(const RelationPtr& relation, const TableName& name, const CatalogTable& existing, bool ours) {
    TableMatch match = match_table(relation, name.first, existing, builder_.mirror());
    problems_.insert(problems_.end(), match.problems.begin(), match.problems.end());
    const bool key_follows = ours && match.table.lacks_key;
    if (!match.key_problem.empty() && !key_follows) problems_.push_back(match.key_problem);
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
  std::map<TableName, KnownTable> known_;
  MirrorCatalogs catalogs_;
  std::set<TableName> names_;
  std::set<std::string> schemas_;
  std::vector<std::string> problems_;
  std::vector<std::string> statements_;
  std::vector<Entry> entries_;
  std::size_t standing_ = 0;
  SchemaReport report_;
};

}  // namespace

PreparedTables prepare_tables(libpq::Connection& connection, const SchemaBuilder& builder, change::Snapshot& snapshot) {
  Preparation preparation(connection, builder, snapshot);
  preparation.plan();
  PreparedTables prepared{.report = preparation.carry_out(connection), .standing = preparation.standing()};
  prepared.report.mirror_was_empty = prepared.standing == 0;
  return prepared;
}

}  // namespace pgmirror::sinks::postgres
