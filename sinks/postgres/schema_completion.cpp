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

using change::RelationPtr;
using change::SchemaStatement;

/// Sequences and their owners as the mirror has them: making each again would lock every table after each copy.
class SequenceOwners {
 public:
  explicit SequenceOwners(libpq::Connection& connection) {
    libpq::DatabaseTransaction transaction(connection);
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
    const libpq::Result names = connection.execute(
        "SELECT n.nspname, s.relname FROM pg_catalog.pg_class s JOIN pg_catalog.pg_namespace n"
        " ON n.oid = s.relnamespace WHERE s.relkind = 'S' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d"
        "  WHERE d.objid = s.oid AND d.deptype = 'i' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)");
    for (int row = 0; row < names.rows(); ++row) names_.emplace(names.text(row, 0), names.text(row, 1));
    transaction.commit();
  }

  bool owned(const SchemaStatement& owner) const { return statements_.contains(owner.sql); }
  bool stands(const SchemaStatement& sequence) const { return names_.contains({sequence.schema, sequence.name}); }

 private:
  std::set<std::string> statements_;
  std::set<std::pair<std::string, std::string>> names_;
};

/// Something that the statement names is not here: the source was altered between the snapshot and the reading of its
/// statements.
bool is_of_later(const std::string& sqlstate) {
  return sqlstate == "42703" || sqlstate == "42P01" || sqlstate == "42704" || sqlstate == "42883";
}

MirrorTable named(const SchemaCompletion::TableName& name) {
  MirrorTable table;
  table.schema = name.first;
  table.name = name.second;
  return table;
}

}  // namespace

bool SchemaCompletion::complete(const std::vector<SchemaStatement>& script, const std::vector<RelationPtr>& relations,
                                SchemaScriptRun& run) {
  const std::set<TableName> copied = copied_tables();
  const SequenceOwners owners(connection_);
  std::map<TableName, std::string> lacking;
  bool outdated = false;
  for (const SchemaStatement& statement : script) {
    const bool owner = statement.kind == "sequence owner";
    // One that went with a column while tables were made to fit.
    if (statement.kind == "sequence" && !owners.stands(statement)) run.run(statement);
    if ((statement.stage != SchemaStatement::Stage::after_data && !owner) || owners.owned(statement)) continue;
    const auto table = table_of(statement, relations);
    // What belongs to the others comes as changes of theirs, but for what made way for the copy.
    if (table && !copied.contains(*table) && statement.kind != "foreign key") continue;
    const std::size_t refused = run.report().required.size();
    run.run(statement);
    if (!table || run.report().required.size() == refused) continue;
    if (is_of_later(run.last_refusal())) {
      make_awaiting(connection_, builder_.mirror().name, named(*table), run.report().required.back());
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
    make_stopped(connection_, builder_.mirror().name, named(table), reason);
    spdlog::error("[MirrorSchema] Table {}.{} is stopped: {}", table.first, table.second, reason);
  }
  return outdated;
}

/// In the first copy all of them, whenever they were copied.
std::set<SchemaCompletion::TableName> SchemaCompletion::copied_tables() const {
  const libpq::Result rows = connection_.execute(
      "SELECT t.schema_name, t.table_name FROM pgmirror.tables t"
      " LEFT JOIN pgmirror.checkpoint k ON k.mirror = t.mirror WHERE t.mirror = $1"
      " AND (coalesce(k.position, 0) = 0 OR t.state = 'live' AND (t.copied_at >= $2 OR NOT t.whole))",
      libpq::Parameters{}.text(builder_.mirror().name).integer(static_cast<std::int64_t>(position_.value)));
  std::set<TableName> copied;
  for (int row = 0; row < rows.rows(); ++row) copied.emplace(rows.text(row, 0), rows.text(row, 1));
  return copied;
}

std::optional<SchemaCompletion::TableName> SchemaCompletion::table_of(const SchemaStatement& statement,
                                                                      const std::vector<RelationPtr>& relations) const {
  for (const RelationPtr& relation : relations) {
    const bool part =
        statement.table.empty() ? statement.name.starts_with(relation->name + ".") : statement.table == relation->name;
    if (relation->schema == statement.schema && part) {
      return TableName{builder_.schema_of(*relation), libpq::mirror_identifier(relation->name)};
    }
  }
  return std::nullopt;
}

}  // namespace pgmirror::sinks::postgres
