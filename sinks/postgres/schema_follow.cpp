#include "sinks/postgres/schema_follow.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <vector>

#include "sinks/postgres/binary_field.hpp"
#include "sinks/postgres/cell_encoding.hpp"
#include "sinks/postgres/failure.hpp"
#include "sinks/postgres/identifier.hpp"
#include "sinks/postgres/privacy.hpp"
#include "sinks/postgres/retyping.hpp"
#include "sinks/postgres/source_constant.hpp"
#include "sinks/postgres/table_definition.hpp"
#include "sinks/postgres/table_match.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::Column;
using change::ForeignKey;
using change::Index;
using change::Relation;
using change::SchemaChange;

std::string resync_sentence(const Relation& relation, const std::string& what) {
  return fmt::format("table {}: {}; run \"pgmirror resync {}\"", relation.qualified_name(), what,
                     relation.qualified_name());
}

std::vector<std::string> key_names(const Relation& relation) {
  std::vector<std::string> names;
  for (const std::size_t position : relation.key) names.push_back(relation.columns[position].name);
  return names;
}

}  // namespace

SchemaFollow::SchemaFollow(Connection& connection, const SchemaBuilder& builder, change::Position position,
                           bool rows_come_again)
    : connection_(connection), builder_(builder), position_(position), rows_come_again_(rows_come_again) {}

MirrorTablePtr SchemaFollow::follow(const SchemaChange& change) {
  // ALTER TABLE is refused (55006) while checks of foreign keys are outstanding for rows of this transaction.
  connection_.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED");
  for (const auto& [old_name, new_name] : change.renamed_columns) renamed_[old_name] = new_name;
  if (change.before && change.after) return alter(change);
  if (change.after) return create(change.after);
  if (change.before) drop(*change.before);
  return nullptr;
}

void SchemaFollow::recreate(const Relation& relation, const change::TableProfile& profile) {
  drop_foreign_keys_to(relation);
  const std::string reason = fmt::format("table {} is copied again and did not fit", relation.qualified_name());
  run("DROP TABLE IF EXISTS " + quoted(relation), reason);
  const TableDefinition definition = define_table(relation, builder_.schema_of(relation), &profile, builder_.mirror());
  run(definition.create_sql, reason);
  connection_.execute(privacy_sql(definition.quoted));
}

void SchemaFollow::run(const std::string& statement, std::string_view reason) {
  connection_.execute(statement);
  connection_.execute(
      "INSERT INTO pgmirror.schema_history (mirror, position, statement, reason) VALUES ($1, $2, $3, $4)",
      Parameters{}
          .text(builder_.mirror().name)
          .integer(static_cast<std::int64_t>(position_.value))
          .text(statement)
          .text(reason));
  spdlog::info("[MirrorSchema] Followed the source: {}", reason);
}

void SchemaFollow::attempt(const ObjectPlan& plan, std::string_view reason) {
  if (plan.sql.empty()) {
    if (!plan.reason.empty()) spdlog::warn("[MirrorSchema] Left out: {}", plan.reason);
    return;
  }
  connection_.execute("SAVEPOINT pgmirror_object");
  try {
    run(plan.sql, reason);
    connection_.execute("RELEASE SAVEPOINT pgmirror_object");
  } catch (const DatabaseError& error) {
    if (classify(error).kind != FailureKind::poison) throw;
    connection_.execute("ROLLBACK TO SAVEPOINT pgmirror_object; RELEASE SAVEPOINT pgmirror_object");
    spdlog::warn("[MirrorSchema] Left out: {}: the mirror refuses it: {}", plan.name, error.what());
  }
}

MirrorCatalog SchemaFollow::catalog_of(const Relation& relation) const {
  return MirrorCatalog::read(connection_, builder_.schema_of(relation), mirror_identifier(relation.name));
}

std::string SchemaFollow::quoted(const Relation& relation) const {
  return qualified(builder_.schema_of(relation), relation.name);
}

bool SchemaFollow::keyed_by_row_id(const Relation& relation) const {
  const MirrorCatalog catalog = catalog_of(relation);
  const CatalogTable* table = catalog.table(mirror_identifier(relation.name));
  return table != nullptr && table->column(Relation::row_id_column) != nullptr;
}

MirrorTablePtr SchemaFollow::create(const change::RelationPtr& after) {
  const std::string& schema = builder_.schema_of(*after);
  const std::string name = mirror_identifier(after->name);
  free_name(*after);
  const MirrorCatalog catalog = MirrorCatalog::read(connection_, schema, name);
  if (catalog.table(name) == nullptr) {
    if (!catalog.has_schema()) run("CREATE SCHEMA " + quote_identifier(schema), "schema " + schema + " is new");
    const TableDefinition definition = define_table(*after, schema, nullptr, builder_.mirror());
    run(definition.create_sql, fmt::format("table {} was created", after->qualified_name()));
    connection_.execute(privacy_sql(definition.quoted));
  } else if (connection_.execute(fmt::format("SELECT FROM {} LIMIT 1", quoted(*after))).rows() > 0) {
    throw SchemaError(
        resync_sentence(*after, "the source has created it, but the mirror has such a table with rows in it"));
  }
  create_objects(*builder_.describe(connection_, after), nullptr);
  return builder_.describe(connection_, after);
}

/// A table that the source dropped stays under its name until somebody needs the name.
void SchemaFollow::free_name(const Relation& relation) {
  const std::string name = mirror_identifier(relation.name);
  if (catalog_of(relation).table(name) == nullptr) return;
  const Result dropped = connection_.execute(
      "SELECT FROM pgmirror.tables WHERE mirror = $1 AND schema_name = $2 AND table_name = $3 AND state = 'dropped'",
      Parameters{}.text(builder_.mirror().name).text(builder_.schema_of(relation)).text(name));
  if (dropped.rows() == 1) set_aside(relation);
}

void SchemaFollow::set_aside(const Relation& relation) {
  const std::string name = mirror_identifier(relation.name);
  const std::string suffix = fmt::format("_dropped_{}", position_.value);
  const std::string& schema = builder_.schema_of(relation);
  const MirrorCatalog catalog = catalog_of(relation);
  for (const CatalogIndex& index : catalog.table(name)->indexes) {
    run(fmt::format("ALTER INDEX {} RENAME TO {}", qualified(schema, index.name),
                    quote_identifier(index.name + suffix)),
        fmt::format("index {} belongs to a dropped table", index.name));
  }
  const std::string aside = mirror_identifier(name + suffix);
  run(fmt::format("ALTER TABLE {} RENAME TO {}", quoted(relation), quote_identifier(aside)),
      fmt::format("table {} was dropped before, and its name is used again", relation.qualified_name()));
  const auto parameters = [&] { return Parameters::texts({aside, schema, name}); };
  connection_.execute(
      "UPDATE pgmirror.tables SET table_name = $1, state = 'dropped' WHERE schema_name = $2"
      " AND table_name = $3",
      parameters());
  connection_.execute("UPDATE pgmirror.odd_values SET table_name = $1 WHERE schema_name = $2 AND table_name = $3",
                      parameters());
}

void SchemaFollow::drop_foreign_keys_to(const Relation& relation) {
  const Result keys = connection_.execute(
      "SELECT n.nspname, c.relname, f.conname FROM pg_catalog.pg_constraint f "
      "JOIN pg_catalog.pg_class c ON c.oid = f.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "JOIN pg_catalog.pg_class p ON p.oid = f.confrelid JOIN pg_catalog.pg_namespace s ON s.oid = p.relnamespace "
      "WHERE f.contype = 'f' AND s.nspname = $1 AND p.relname = $2",
      Parameters::texts({builder_.schema_of(relation), mirror_identifier(relation.name)}));
  for (int row = 0; row < keys.rows(); ++row) {
    run(fmt::format("ALTER TABLE {} DROP CONSTRAINT {}", qualified(keys.text(row, 0), keys.text(row, 1)),
                    quote_identifier(keys.text(row, 2))),
        fmt::format("table {} was dropped, which {} refers to", relation.qualified_name(), keys.text(row, 1)));
  }
}

void SchemaFollow::drop(const Relation& before) {
  // A frozen table cannot take the new rows that others go on referring to, either.
  drop_foreign_keys_to(before);
  const std::string reason = fmt::format("table {} was dropped", before.qualified_name());
  const auto parameters = [&] {
    return Parameters::texts({builder_.schema_of(before), mirror_identifier(before.name)});
  };
  if (builder_.mirror().drop_tables) {
    run("DROP TABLE IF EXISTS " + quoted(before), reason);
    connection_.execute("DELETE FROM pgmirror.odd_values WHERE schema_name = $1 AND table_name = $2", parameters());
  } else {
    run(fmt::format("COMMENT ON TABLE {} IS 'dropped at the source; pgmirror keeps it as it was'", quoted(before)),
        reason);
  }
  connection_.execute(
      "UPDATE pgmirror.tables SET state = 'dropped', updated_at = pg_catalog.now() "
      "WHERE schema_name = $1 AND table_name = $2",
      parameters());
}

MirrorTablePtr SchemaFollow::alter(const SchemaChange& change) {
  if (const auto reason = other_key(change)) {
    if (!rows_come_again_) throw SchemaError(resync_sentence(*change.after, *reason));
    return replace(change);
  }
  drop_objects(change);
  rename_table(*change.before, *change.after);
  drop_columns(change);
  rename_columns(change);
  add_columns(change);
  alter_columns(change);
  create_objects(*builder_.describe(connection_, change.after), change.before.get());
  return builder_.describe(connection_, change.after);
}

std::optional<std::string> SchemaFollow::other_key(const SchemaChange& change) const {
  if (keyed_by_row_id(*change.before)) {
    if (change.after->has_row_id) return std::nullopt;
    return "its rows are identified in another way now";
  }
  std::vector<std::string> before = key_names(*change.before);
  for (std::string& name : before) {
    if (const auto renamed = renamed_.find(name); renamed != renamed_.end()) name = renamed->second;
  }
  if (std::ranges::is_permutation(before, key_names(*change.after))) return std::nullopt;
  return "its primary key changed";
}

/// Another table under the same name, as far as the mirror can tell.
MirrorTablePtr SchemaFollow::replace(const SchemaChange& change) {
  drop_foreign_keys_to(*change.before);
  set_aside(*change.before);
  return create(change.after);
}

void SchemaFollow::rename_table(const Relation& before, const Relation& after) {
  if (quoted(before) == quoted(after)) return;
  free_name(after);
  run(fmt::format("ALTER TABLE {} RENAME TO {}", quoted(before), quote_identifier(after.name)),
      fmt::format("table {} was renamed to {}", before.qualified_name(), after.qualified_name()));
  const auto parameters = [&] {
    return Parameters::texts(
        {mirror_identifier(after.name), builder_.schema_of(before), mirror_identifier(before.name)});
  };
  for (const char* table : {"pgmirror.tables", "pgmirror.odd_values"}) {
    connection_.execute(fmt::format("UPDATE {} SET table_name = $1 WHERE schema_name = $2 AND table_name = $3", table),
                        parameters());
  }
}

void SchemaFollow::rename_columns(const SchemaChange& change) {
  if (renamed_.empty()) return;
  const auto rename = [&](const std::string& from, const std::string& to, const std::string& reason) {
    run(fmt::format("ALTER TABLE {} RENAME COLUMN {} TO {}", quoted(*change.after), quote_identifier(from),
                    quote_identifier(to)),
        reason);
    connection_.execute(
        "UPDATE pgmirror.odd_values SET column_name = $1 WHERE schema_name = $2 AND table_name = $3 AND column_name = "
        "$4",
        Parameters{}
            .text(mirror_identifier(to))
            .text(builder_.schema_of(*change.after))
            .text(mirror_identifier(change.after->name))
            .text(mirror_identifier(from)));
  };
  const auto reason = [&](const std::string& from, const std::string& to) {
    return fmt::format("column {} of table {} was renamed to {}", from, change.after->qualified_name(), to);
  };
  // Two columns may have changed names with each other.
  const bool crossed = std::ranges::any_of(renamed_, [&](const auto& pair) { return renamed_.contains(pair.second); });
  if (!crossed) {
    for (const auto& [from, to] : renamed_) rename(from, to, reason(from, to));
    return;
  }
  std::size_t number = 0;
  for (const auto& [from, to] : renamed_) rename(from, fmt::format("pgmirror_rename_{}", number++), reason(from, to));
  number = 0;
  for (const auto& [from, to] : renamed_) rename(fmt::format("pgmirror_rename_{}", number++), to, reason(from, to));
}

void SchemaFollow::drop_columns(const SchemaChange& change) {
  const MirrorCatalog catalog = catalog_of(*change.after);
  const CatalogTable* standing = catalog.table(mirror_identifier(change.after->name));
  for (const Column& column : change.before->columns) {
    if (renamed_.contains(column.name)) continue;
    const bool new_takes_name =
        std::ranges::any_of(renamed_, [&](const auto& pair) { return pair.second == column.name; });
    if (change.after->column_position(column.name) && !new_takes_name) continue;
    const std::string name = mirror_identifier(column.name);
    if (standing == nullptr || standing->column(name) == nullptr) continue;
    run(fmt::format("ALTER TABLE {} DROP COLUMN {}", quoted(*change.after), quote_identifier(column.name)),
        fmt::format("column {} of table {} was dropped", column.name, change.after->qualified_name()));
    connection_.execute(
        "DELETE FROM pgmirror.odd_values WHERE schema_name = $1 AND table_name = $2 AND column_name = $3",
        Parameters{}.text(builder_.schema_of(*change.after)).text(mirror_identifier(change.after->name)).text(name));
  }
}

void SchemaFollow::add_columns(const SchemaChange& change) {
  for (std::size_t i = 0; i < change.after->columns.size(); ++i) {
    const Column& column = change.after->columns[i];
    const bool is_rename = std::ranges::any_of(renamed_, [&](const auto& pair) { return pair.second == column.name; });
    const bool kept = change.before->column_position(column.name) && !renamed_.contains(column.name);
    if (is_rename || kept) continue;
    // The mirror's own key stays: other_key has seen to it.
    if (change.after->has_row_id && i == 0) continue;
    add_column(*change.after, column);
  }
}

void SchemaFollow::add_column(const Relation& relation, const Column& column) {
  const TargetType type = choose_type(column, nullptr, type_override(builder_.mirror(), relation, column));
  const MirrorCatalog catalog = catalog_of(relation);
  const CatalogTable* standing = catalog.table(mirror_identifier(relation.name));
  if (standing != nullptr && standing->column(mirror_identifier(column.name)) != nullptr) {
    // Somebody was faster; describe() judges whether it serves.
    backfill(relation, column, type);
    return;
  }
  const std::string reason = fmt::format("column {} of table {} was added", column.name, relation.qualified_name());
  const bool constant = column.default_sql && read_constant(*column.default_sql).has_value();
  const bool filled = constant && default_clause(column, type).has_value();
  // Rows that stand there have the constant default; any other default is for new rows only.
  Column plain = column;
  if (!constant) plain.default_sql.reset();
  run(fmt::format("ALTER TABLE {} ADD COLUMN {}", quoted(relation), column_sql(plain, type, column.not_null && filled)),
      reason);
  if (!filled) backfill(relation, column, type);
  if (!constant) {
    if (const auto value = default_clause(column, type)) {
      run(fmt::format("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {}", quoted(relation), quote_identifier(column.name),
                      *value),
          reason);
    }
  }
}

void SchemaFollow::backfill(const Relation& relation, const Column& column, const TargetType& type) {
  if (!column.default_sql) return;
  const auto constant = read_constant(*column.default_sql);
  if (!constant || constant->kind == change::ValueKind::null) return;
  const auto stored = stored_in(*constant, column.family);
  std::string cell;
  if (!stored || append_cell(cell, stored->value(), type) != CellFit::stored) {
    throw SchemaError(resync_sentence(
        relation,
        fmt::format("column {} was added with a default that its type in the mirror cannot hold", column.name)));
  }
  const std::string assignment = type.needs_cast() ? "$1::text::" + type.sql : "$1";
  connection_.execute(fmt::format("UPDATE {} SET {} = {}", quoted(relation), quote_identifier(column.name), assignment),
                      Parameters{}.binary(cell.substr(sizeof(std::int32_t)), type.oid));
}

void SchemaFollow::alter_columns(const SchemaChange& change) {
  const MirrorCatalog catalog = catalog_of(*change.after);
  const CatalogTable* table = catalog.table(mirror_identifier(change.after->name));
  if (table == nullptr) throw SchemaError(resync_sentence(*change.after, "missing in the mirror"));
  for (const Column& before : change.before->columns) {
    const auto renamed = renamed_.find(before.name);
    const std::string& name = renamed == renamed_.end() ? before.name : renamed->second;
    const auto position = change.after->column_position(name);
    const CatalogColumn* standing = table->column(mirror_identifier(name));
    if (!position || standing == nullptr) continue;
    const Column& after = change.after->columns[*position];
    if (before.family != after.family || before.declared_type != after.declared_type) {
      retype(*change.after, after, *standing);
    }
    const bool is_key = std::ranges::find(change.after->key, *position) != change.after->key.end();
    if (before.not_null && !after.not_null && standing->not_null && !is_key) {
      run(fmt::format("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL", quoted(*change.after), quote_identifier(name)),
          fmt::format("column {} of table {} may be NULL now", name, change.after->qualified_name()));
    }
  }
}

void SchemaFollow::retype(const Relation& relation, const Column& column, const CatalogColumn& standing) {
  const config::TypeOverride* configured = type_override(builder_.mirror(), relation, column);
  const TargetType wanted = choose_type(column, nullptr, configured);
  const auto present = type_of_existing(column, standing.type, configured);
  const std::string name = quote_identifier(column.name);
  const auto change = present ? retyping(*present, wanted, name) : std::nullopt;
  if (!change) {
    throw SchemaError(resync_sentence(
        relation, fmt::format("column {} changed its type from {} to {}", column.name, standing.type.sql, wanted.sql)));
  }
  if (change->sql.empty()) return;
  run(fmt::format("ALTER TABLE {0} ALTER COLUMN {1} DROP DEFAULT, ALTER COLUMN {1} TYPE {2} USING {3}",
                  quoted(relation), name, change->sql, change->using_expression),
      fmt::format("column {} of table {} changed its type", column.name, relation.qualified_name()));
}

namespace {

std::vector<std::string> renamed_names(const std::vector<std::string>& names,
                                       const std::map<std::string, std::string>& renamed) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    const auto found = renamed.find(name);
    out.push_back(found == renamed.end() ? name : found->second);
  }
  return out;
}

/// The index as the source would describe it after the renaming of columns alone.
Index carried(const Index& index, const std::map<std::string, std::string>& renamed) {
  Index out = index;
  out.columns = renamed_names(index.columns, renamed);
  out.definition = index.definition.empty() ? "" : "made by a statement";
  return out;
}

ForeignKey carried(const ForeignKey& key, const std::map<std::string, std::string>& renamed) {
  ForeignKey out = key;
  out.columns = renamed_names(key.columns, renamed);
  return out;
}

/// The one of `objects` that is the same as `object` of the other side.
template <typename Object>
const Object* counterpart(const std::vector<Object>& objects, const Object& object,
                          const std::map<std::string, std::string>& objects_renamed,
                          const std::map<std::string, std::string>& object_renamed) {
  const auto found = std::ranges::find_if(
      objects, [&](const Object& other) { return carried(other, objects_renamed) == carried(object, object_renamed); });
  return found == objects.end() ? nullptr : &*found;
}

}  // namespace

void SchemaFollow::drop_objects(const SchemaChange& change) {
  const MirrorCatalog catalog = catalog_of(*change.before);
  const CatalogTable* standing = catalog.table(mirror_identifier(change.before->name));
  if (standing == nullptr) throw SchemaError(resync_sentence(*change.before, "missing in the mirror"));
  const std::string& schema = builder_.schema_of(*change.before);
  for (const Index& index : change.before->indexes) {
    const std::string name = mirror_index_name(*change.before, index);
    const auto found = std::ranges::find(standing->indexes, name, &CatalogIndex::name);
    if (found == standing->indexes.end() || found->primary) continue;
    const Index* same = counterpart(change.after->indexes, index, {}, renamed_);
    const std::string reason = fmt::format("index {} of table {} was {}", name, change.before->qualified_name(),
                                           same == nullptr ? "dropped" : "renamed");
    if (same == nullptr) {
      run("DROP INDEX " + qualified(schema, name), reason);
    } else if (const std::string now = mirror_index_name(*change.after, *same); now != name) {
      run(fmt::format("ALTER INDEX {} RENAME TO {}", qualified(schema, name), quote_identifier(now)), reason);
    }
  }
  for (const ForeignKey& key : change.before->foreign_keys) {
    const std::string name = foreign_key_name(*change.before, key);
    if (std::ranges::find(standing->foreign_keys, name) == standing->foreign_keys.end()) continue;
    const ForeignKey* same = counterpart(change.after->foreign_keys, key, {}, renamed_);
    const std::string reason = fmt::format("foreign key {} of table {} was {}", name, change.before->qualified_name(),
                                           same == nullptr ? "dropped" : "renamed");
    if (same == nullptr) {
      run(fmt::format("ALTER TABLE {} DROP CONSTRAINT {}", quoted(*change.before), quote_identifier(name)), reason);
    } else if (const std::string now = foreign_key_name(*change.after, *same); now != name) {
      run(fmt::format("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", quoted(*change.before), quote_identifier(name),
                      quote_identifier(now)),
          reason);
    }
  }
}

void SchemaFollow::create_objects(const MirrorTable& table, const Relation* before) {
  const Relation& after = *table.relation;
  for (const Index& index : after.indexes) {
    if (before != nullptr && counterpart(before->indexes, index, renamed_, {}) != nullptr) continue;
    attempt(plan_index(table, index), fmt::format("index {} of table {} is new", index.name, after.qualified_name()));
  }
  if (!builder_.mirror().foreign_keys) return;
  for (const ForeignKey& key : after.foreign_keys) {
    if (before != nullptr && counterpart(before->foreign_keys, key, renamed_, {}) != nullptr) continue;
    Relation parent;
    parent.schema = key.referenced_schema;
    parent.name = key.referenced_table;
    const MirrorCatalog catalog = catalog_of(parent);
    attempt(plan_foreign_key(table, key, quoted(parent), catalog.table(mirror_identifier(parent.name))),
            fmt::format("a foreign key of table {} is new", after.qualified_name()));
  }
}

}  // namespace pgmirror::sinks::postgres
