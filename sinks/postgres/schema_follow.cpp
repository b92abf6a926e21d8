#include "sinks/postgres/schema_follow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "libpq/identifier.hpp"
#include "sinks/postgres/column_follow.hpp"
#include "sinks/postgres/of_postgres.hpp"
#include "sinks/postgres/own_parts.hpp"
#include "sinks/postgres/privacy.hpp"

namespace pgmirror::sinks::postgres {

using change::Relation;
using change::SchemaChange;

namespace {

std::string resync_sentence(const Relation& relation, const std::string& what) {
  return fmt::format("table {0}: {1}; run \"pgmirror resync {0}\"", relation.qualified_name(), what);
}

/// The key's columns under the names that they have after `change`.
std::vector<std::string> key_names(const Relation& relation, const SchemaChange& change) {
  std::vector<std::string> names;
  for (const std::size_t position : relation.key) {
    const std::string& name = relation.columns[position].name;
    const auto renamed = std::ranges::find(change.renamed_columns, name, &std::pair<std::string, std::string>::first);
    names.push_back(renamed == change.renamed_columns.end() ? name : renamed->second);
  }
  return names;
}

}  // namespace

SchemaFollow::SchemaFollow(libpq::Connection& connection, const SchemaBuilder& builder, change::Position position)
    : connection_(connection),
      builder_(builder),
      record_(connection, builder.mirror().name, position),
      names_(record_, builder),
      objects_(record_, names_, builder) {}

/// ALTER TABLE is refused (55006) while checks of foreign keys are outstanding for rows of this transaction.
void SchemaFollow::settle_checks() {
  connection_.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED");
}

MirrorTablePtr SchemaFollow::follow(const SchemaChange& change, bool rows_come_again) {
  settle_checks();
  if (!change.before && !change.after) return nullptr;
  if (!change.before) return create(change.after);
  if (!change.after) {
    drop(*change.before);
    return nullptr;
  }
  if (const auto reason = other_key(change)) {
    if (!rows_come_again) throw SchemaError(resync_sentence(*change.after, *reason));
    return replace(change);
  }
  if (rows_come_again) empty(*change.before);
  return alter(change);
}

void SchemaFollow::rename(const SchemaChange& change) { names_.rename(*change.before, *change.after); }

void SchemaFollow::free_name(const std::string& schema, const std::string& table) {
  Relation relation;
  relation.schema = schema;
  relation.name = table;
  names_.vacate(relation);
}

void SchemaFollow::finish() {
  settle_checks();
  objects_.finish();
}

void SchemaFollow::recreate(const Relation& relation, const change::TableProfile& profile, TableKey key) {
  objects_.drop(relation);
  const std::string reason = fmt::format("table {} is copied again and did not fit", relation.qualified_name());
  record_.run("DROP TABLE IF EXISTS " + names_.quoted(relation), reason);
  const TableDefinition definition = define_table(relation, names_.schema(relation), &profile, builder_.mirror(), key);
  record_.run(definition.create_sql, reason);
  connection_.execute(privacy_sql(definition.quoted));
}

bool SchemaFollow::keyed_by_row_id(const Relation& relation) const {
  const MirrorCatalog catalog = names_.catalog(relation);
  const CatalogTable* table = catalog.table(names_.name(relation));
  return table != nullptr && table->column(Relation::row_id_column) != nullptr;
}

MirrorTablePtr SchemaFollow::create(const change::RelationPtr& after) {
  const std::string& schema = names_.schema(*after);
  names_.vacate(*after);
  const MirrorCatalog catalog = names_.catalog(*after);
  if (catalog.table(names_.name(*after)) == nullptr) {
    if (!catalog.has_schema()) {
      record_.run("CREATE SCHEMA " + libpq::quote_identifier(schema), "schema " + schema + " is new");
    }
    const TableDefinition definition = define_table(*after, schema, nullptr, builder_.mirror());
    record_.run(definition.create_sql, fmt::format("table {} was created", after->qualified_name()));
    connection_.execute(privacy_sql(definition.quoted));
    if (of_postgres(*after))
      OwnParts(connection_, builder_.mirror().name, schema, names_.name(*after)).enter_new_table();
  } else if (connection_.execute(fmt::format("SELECT FROM {} LIMIT 1", names_.quoted(*after))).rows() > 0) {
    throw SchemaError(
        resync_sentence(*after, "the source has created it, but the mirror has such a table with rows in it"));
  }
  objects_.create(after);
  return builder_.describe(connection_, after);
}

void SchemaFollow::drop(const Relation& before) {
  objects_.drop(before);
  const std::string reason = fmt::format("table {} was dropped", before.qualified_name());
  const auto parameters = libpq::Parameters::texts({names_.schema(before), names_.name(before)});
  const libpq::Result partition = connection_.execute(
      "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE n.nspname = $1 AND c.relname = $2 AND c.relispartition",
      parameters);
  if (partition.rows() > 0) {
    // It has become part of another table that the mirror has as well.
  } else if (builder_.mirror().drop_tables) {
    record_.run("DROP TABLE IF EXISTS " + names_.quoted(before), reason);
    connection_.execute("DELETE FROM pgmirror.odd_values WHERE schema_name = $1 AND table_name = $2", parameters);
  } else if (names_.catalog(before).table(names_.name(before)) != nullptr) {
    names_.free_index_names(before);
    record_.run(fmt::format("COMMENT ON TABLE {} IS 'dropped at the source; pgmirror keeps it as it was'",
                            names_.quoted(before)),
                reason);
  }
  connection_.execute(
      "UPDATE pgmirror.tables SET state = 'dropped', updated_at = pg_catalog.now() "
      "WHERE schema_name = $1 AND table_name = $2",
      parameters);
}

MirrorTablePtr SchemaFollow::alter(const SchemaChange& change) {
  objects_.alter(change);
  names_.rename(*change.before, *change.after);
  ColumnFollow(record_, names_, builder_, change).follow();
  return builder_.describe(connection_, change.after);
}

/// Another table under the same name, as far as the mirror can tell.
MirrorTablePtr SchemaFollow::replace(const SchemaChange& change) {
  objects_.replace(*change.before);
  names_.free_index_names(*change.before);
  names_.set_aside(*change.before);
  return create(change.after);
}

void SchemaFollow::empty(const Relation& relation) {
  // Not TRUNCATE: that is refused while foreign keys point here, whatever the replication role.
  connection_.execute("DELETE FROM " + names_.quoted(relation));
  connection_.execute("DELETE FROM pgmirror.odd_values WHERE schema_name = $1 AND table_name = $2",
                      libpq::Parameters::texts({names_.schema(relation), names_.name(relation)}));
}

std::optional<std::string> SchemaFollow::other_key(const SchemaChange& change) const {
  if (keyed_by_row_id(*change.before)) {
    if (change.after->has_row_id) return std::nullopt;
    return "its rows are identified in another way now";
  }
  if (std::ranges::is_permutation(key_names(*change.before, change), key_names(*change.after, {}))) {
    return std::nullopt;
  }
  return "its primary key changed";
}

}  // namespace pgmirror::sinks::postgres
