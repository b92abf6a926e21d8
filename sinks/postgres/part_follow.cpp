#include "sinks/postgres/part_follow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "libpq/identifier.hpp"
#include "sinks/postgres/column_dependents.hpp"

namespace pgmirror::sinks::postgres {
namespace {

/// What a key begins with. In the order in which parts go: those that need others first.
constexpr std::string_view identity_of_rows = "replica identity";
constexpr std::string_view constraint_part = "constraint ";
constexpr std::string_view index_part = "index ";
constexpr std::string_view generated_part = "generated ";
constexpr std::string_view collation_part = "collation ";
constexpr std::string_view default_part = "default ";
constexpr std::string_view sequence_part = "identity ";
constexpr std::string_view not_null_part = "not null ";
constexpr std::string_view column_part = "column ";
constexpr std::string_view owned_sequence = "sequence ";
constexpr std::string_view comment_part = "comment";
constexpr std::array order{comment_part,   identity_of_rows, constraint_part, index_part,
                           generated_part, collation_part,   default_part,    sequence_part,
                           not_null_part,  owned_sequence,   column_part};

std::string name_in(std::string_view key, std::string_view part) { return std::string(key.substr(part.size())); }

/// The column that a part is about; empty for those of the table.
std::string column_of(std::string_view key) {
  for (const std::string_view part : column_parts) {
    if (key.starts_with(part)) return name_in(key, part);
  }
  return {};
}

/// ` IS` and the words of it come behind.
std::string comment_subject(std::string_view key, const std::string& schema, const std::string& table) {
  const std::string quoted = libpq::qualified(schema, table);
  std::string_view part = key.substr(comment_part.size());
  if (part.empty()) return "COMMENT ON TABLE " + quoted;
  part.remove_prefix(1);
  if (part.starts_with(column_part)) {
    return fmt::format("COMMENT ON COLUMN {}.{}", quoted, libpq::quote_identifier(name_in(part, column_part)));
  }
  if (part.starts_with(index_part)) return "COMMENT ON INDEX " + libpq::qualified(schema, name_in(part, index_part));
  return fmt::format("COMMENT ON CONSTRAINT {} ON {}", libpq::quote_identifier(name_in(part, constraint_part)), quoted);
}

std::string key_of(std::string_view part, const std::string& name) { return std::string(part) + name; }

}  // namespace

PartFollow::PartFollow(libpq::Connection& connection, const std::string& mirror, change::Position position,
                       const std::string& schema, const std::string& table)
    : record_(connection, mirror, position),
      schema_(schema),
      table_(libpq::mirror_identifier(table)),
      quoted_(libpq::qualified(schema_, table_)),
      own_(connection, mirror, schema_, table_),
      recorded_(own_.read()),
      standing_(standing_parts(connection, schema_, table_)) {}

bool PartFollow::is_of(const std::string& schema, const std::string& table) const {
  return schema == schema_ && libpq::mirror_identifier(table) == table_;
}

/// In the source's words or in those of this server.
bool PartFollow::is_same(const std::string& key, const std::string& standing, const change::SchemaStatement& part,
                         const std::string& sql) const {
  if (standing == without_sequence_name(sql)) return true;
  // An identity by an index goes with that index, though it was made as it is wanted.
  if (key == identity_of_rows) return false;
  const auto own = recorded_.parts.find(key);
  return own != recorded_.parts.end() && own->second == part.sql;
}

bool PartFollow::settled(const change::SchemaStatement& part, const std::string& sql) const {
  if (part.parts.size() != 1 || !is_of(part.schema, part.table)) return false;
  const std::string& key = part.parts.front();
  const auto found = standing_.find(key);
  return found != standing_.end() && recorded_.parts.contains(key) && is_same(key, found->second, part, sql);
}

/// A sequence becomes the table's by a statement about something else.
bool PartFollow::is_ours(const std::string& key) const {
  return recorded_.parts.contains(key) || (recorded_.created && key.starts_with(owned_sequence));
}

void PartFollow::retire(const std::vector<std::string>& keys) {
  const auto wanted = [&](const std::string& key) { return std::ranges::find(keys, key) != keys.end(); };
  for (const std::string_view part : order) {
    // Taking away one may take others along.
    std::vector<std::string> surplus;
    for (const auto& [key, sql] : standing_) {
      if (key.starts_with(part) && !wanted(key) && is_ours(key)) surplus.push_back(key);
    }
    for (const std::string& key : surplus) {
      const std::string column = column_of(key);
      const bool column_goes = !column.empty() && part != column_part && !wanted(key_of(column_part, column));
      if (column_goes && part != generated_part) continue;
      take_away(column_goes ? key_of(column_part, column) : key);
    }
  }
}

bool PartFollow::stands(const change::SchemaStatement& part, const std::string& sql) {
  const std::string& key = part.parts.front();
  const auto found = standing_.find(key);
  if (found != standing_.end()) {
    const bool same = is_same(key, found->second, part, sql);
    if (same || !(recorded_.created || is_ours(key))) {
      if (same && !recorded_.parts.contains(key)) made(part);
      return true;
    }
    take_away(key);
  }
  if (key.starts_with(generated_part)) {
    const std::string column = key_of(column_part, name_in(key, generated_part));
    if (standing_.contains(column) && is_ours(column)) take_away(column);
  }
  if (key.starts_with(sequence_part)) {
    const std::string fallback = key_of(default_part, name_in(key, sequence_part));
    if (standing_.contains(fallback)) take_away(fallback);
  }
  if (key.starts_with(collation_part)) release_column(record_, schema_, table_, name_in(key, collation_part));
  if (key.starts_with(index_part)) clear_name(name_in(key, index_part));
  if (key.starts_with(constraint_part)) clear_name(name_in(key, constraint_part));
  return false;
}

void PartFollow::made(const change::SchemaStatement& part) {
  const std::string& key = part.parts.front();
  std::map<std::string, std::string> parts{{key, part.sql}};
  if (key.starts_with(generated_part)) parts.emplace(key_of(column_part, name_in(key, generated_part)), "");
  own_.add(parts);
  for (const auto& [made_key, sql] : parts) {
    recorded_.parts.insert_or_assign(made_key, sql);
    standing_.insert_or_assign(made_key, without_sequence_name(sql));
  }
}

void PartFollow::renamed(const change::SchemaStatement& part) { own_.rename(part.parts.front(), part.parts.back()); }

void PartFollow::take_away(const std::string& key) {
  const auto alter = [&](std::string_view part, const char* action) {
    attempt(key, fmt::format("ALTER TABLE {} ALTER COLUMN {} {}", quoted_, libpq::quote_identifier(name_in(key, part)),
                             action));
  };
  if (key.starts_with(comment_part)) {
    attempt(key, comment_subject(key, schema_, table_) + " IS NULL");
  } else if (key == identity_of_rows) {
    attempt(key, fmt::format("ALTER TABLE ONLY {} REPLICA IDENTITY DEFAULT", quoted_));
  } else if (key.starts_with(constraint_part)) {
    drop_constraint(key, name_in(key, constraint_part));
  } else if (key.starts_with(index_part)) {
    attempt(key, "DROP INDEX IF EXISTS " + libpq::qualified(schema_, name_in(key, index_part)));
  } else if (key.starts_with(generated_part)) {
    alter(generated_part, "DROP EXPRESSION IF EXISTS");
  } else if (key.starts_with(collation_part)) {
    const std::string& standing = standing_.at(key);
    release_column(record_, schema_, table_, name_in(key, collation_part));
    // The type's own.
    attempt(key, standing.substr(0, standing.rfind(" COLLATE ")));
  } else if (key.starts_with(default_part)) {
    alter(default_part, "DROP DEFAULT");
  } else if (key.starts_with(sequence_part)) {
    alter(sequence_part, "DROP IDENTITY IF EXISTS");
  } else if (key.starts_with(not_null_part)) {
    alter(not_null_part, "DROP NOT NULL");
  } else if (key.starts_with(owned_sequence)) {
    attempt(key, fmt::format("ALTER SEQUENCE {} OWNED BY NONE", name_in(key, owned_sequence)));
  } else {
    drop_column(key, name_in(key, column_part));
  }
}

/// Foreign keys of other tables need the key that they refer to; where it comes again, they do.
void PartFollow::drop_constraint(const std::string& key, const std::string& name) {
  const libpq::Result referring = record_.connection().execute(
      "SELECT pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', f.conrelid::pg_catalog.regclass, f.conname)"
      " FROM pg_catalog.pg_constraint f JOIN pg_catalog.pg_constraint k ON k.conindid = f.conindid"
      " AND k.conrelid = f.confrelid JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE f.contype = 'f' AND f.conparentid = 0"
      " AND k.contype IN ('p', 'u') AND k.conname = $3 AND n.nspname = $1 AND c.relname = $2",
      libpq::Parameters::texts({schema_, table_, name}));
  for (int row = 0; row < referring.rows(); ++row) {
    record_.attempt("dropping a foreign key that refers to table " + table_, std::string(referring.text(row, 0)),
                    fmt::format("the key of table {} that a foreign key refers to makes way", table_));
  }
  attempt(key, fmt::format("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", quoted_, libpq::quote_identifier(name)));
}

void PartFollow::drop_column(const std::string& key, const std::string& name) {
  release_column(record_, schema_, table_, name);
  attempt(key, fmt::format("ALTER TABLE {} DROP COLUMN IF EXISTS {}", quoted_, libpq::quote_identifier(name)));
  if (standing_.contains(key)) return;
  record_.connection().execute(
      "DELETE FROM pgmirror.odd_values WHERE schema_name = $1 AND table_name = $2 AND column_name = $3",
      libpq::Parameters::texts({schema_, table_, name}));
}

/// Names of indexes are the schema's: one that stands on another of our tables makes way, since the source has it here.
void PartFollow::clear_name(const std::string& name) {
  const libpq::Result holder = record_.connection().execute(
      "SELECT t.relname, EXISTS (SELECT FROM pgmirror.tables k WHERE k.schema_name = $1 AND k.table_name = t.relname"
      "  AND k.mirror = $3 AND k.state <> 'dropped' AND k.created) FROM pg_catalog.pg_class c"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid"
      " JOIN pg_catalog.pg_class t ON t.oid = x.indrelid"
      " WHERE n.nspname = $1 AND c.relname = $2 AND EXISTS (SELECT FROM pgmirror.tables k WHERE k.schema_name = $1"
      "  AND k.table_name = t.relname AND k.mirror = $3)",
      libpq::Parameters::texts({schema_, name, record_.mirror()}));
  if (holder.rows() == 0) return;
  const std::string other(holder.text(0, 0));
  if (!holder.boolean(0, 1)) {
    record_.attempt("renaming index " + name,
                    fmt::format("ALTER INDEX {} RENAME TO {}", libpq::qualified(schema_, name),
                                libpq::quote_identifier(fmt::format("{}_dropped_{}", name, record_.position().value))),
                    fmt::format("index {} belongs to table {}, which is only kept", name, other));
    return;
  }
  if (other == table_) return;
  PartFollow stale(record_.connection(), record_.mirror(), record_.position(), schema_, other);
  for (const std::string_view part : {constraint_part, index_part}) {
    if (const std::string key = key_of(part, name); stale.standing_.contains(key)) stale.take_away(key);
  }
}

void PartFollow::attempt(const std::string& key, const std::string& statement) {
  // ALTER TABLE is refused (55006) while checks of foreign keys are outstanding for rows of this transaction.
  record_.connection().execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED");
  record_.attempt(fmt::format("{} of table {}", key, table_), statement,
                  fmt::format("the source has it no more: {} of table {}", key, table_));
  standing_ = standing_parts(record_.connection(), schema_, table_);
  if (standing_.contains(key)) return;
  own_.remove(key);
  recorded_.parts.erase(key);
}

}  // namespace pgmirror::sinks::postgres
