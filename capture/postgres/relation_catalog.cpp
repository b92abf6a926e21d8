#include "capture/postgres/relation_catalog.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "capture/postgres/triggers/row_identity.hpp"
#include "libpq/parameters.hpp"

namespace pgmirror::capture::postgres {
namespace {

using change::Column;
using change::Relation;
using change::ReplicaIdentity;

/// Without the default: rows that were there when the column was added may show another value than the default of now.
/// They are taken anew, and the default is told by a statement.
Column column_of(const CatalogColumn& source) {
  Column column;
  column.name = source.name;
  column.declared_type = source.type_name;
  column.family = change::TypeFamily::native;
  column.not_null = source.not_null;
  column.collation = source.collation;
  return column;
}

/// Generated columns are not in the stream before PostgreSQL 18 and not ours to send: the mirror computes them.
bool wanted(const CatalogTable& table, const CatalogColumn& column, const config::TableRules& rules) {
  return !column.generated && rules.includes_column(table.schema, table.name, column.name);
}

/// Positions in `relation` of the columns with these attnums; nothing when one of them is not mirrored.
std::vector<std::size_t> positions(const FollowedTable& table, const std::vector<int>& numbers) {
  std::vector<std::size_t> found;
  for (const int number : numbers) {
    const auto at = std::ranges::find(table.column_numbers, number);
    if (at == table.column_numbers.end()) return {};
    found.push_back(static_cast<std::size_t>(at - table.column_numbers.begin()));
  }
  return found;
}

void follow_inserts_only(FollowedTable& table, Relation& relation, std::string reason) {
  table.following = Following::inserts_only;
  table.reason = std::move(reason);
  relation.identity = ReplicaIdentity::nothing;
  relation.key.clear();
}

void settle_identity(const CatalogTable& source, FollowedTable& table, Relation& relation) {
  const std::vector<std::size_t> primary_key = positions(table, source.primary_key);
  if (source.replica_identity == 'f') {
    relation.identity = ReplicaIdentity::full;
    relation.key = primary_key;
    return;
  }
  const std::vector<int>& identity = source.replica_identity == 'i' ? source.identity_index : source.primary_key;
  relation.key = positions(table, identity);
  if (source.replica_identity == 'n') {
    follow_inserts_only(table, relation, "has REPLICA IDENTITY NOTHING");
  } else if (identity.empty()) {
    follow_inserts_only(
        table, relation,
        source.replica_identity == 'i' ? "has lost the index of its replica identity" : "has no primary key");
  } else if (source.replica_identity == 'd' && source.primary_key_deferred) {
    follow_inserts_only(table, relation, "has a DEFERRABLE primary key, which cannot identify rows");
  } else if (relation.key.empty()) {
    follow_inserts_only(table, relation, "has a column in its key that is excluded");
  }
}

bool same_columns(const CatalogTable& table, const RelationMessage& message) {
  auto streamed = message.columns.begin();
  for (const CatalogColumn& column : table.columns) {
    if (column.generated) continue;
    if (streamed == message.columns.end() || streamed->name != column.name || streamed->type_oid != column.type ||
        streamed->type_modifier != column.modifier) {
      return false;
    }
    ++streamed;
  }
  return streamed == message.columns.end();
}

/// Types by name, for a definition that the catalog does not have (any more). A type that was dropped is `???`.
std::vector<std::string> type_names(libpq::Connection& connection, const RelationMessage& message) {
  libpq::Parameters parameters;
  std::string sql;
  for (const RelationMessage::Column& column : message.columns) {
    const int at = parameters.count();
    parameters.integer(column.type_oid).integer(column.type_modifier);
    sql += (sql.empty() ? "SELECT" : ",");
    sql += " pg_catalog.format_type($" + std::to_string(at + 1) + "::pg_catalog.oid, $" + std::to_string(at + 2) +
           "::pg_catalog.int4)";
  }
  std::vector<std::string> names;
  if (sql.empty()) return names;
  const libpq::Result result = connection.execute(sql, parameters);
  for (int i = 0; i < result.columns(); ++i) names.emplace_back(result.text(0, i));
  return names;
}

/// The table as the message tells it, filled up with what the catalog knows of columns of the same name and type.
CatalogTable table_of(libpq::Connection& connection, const RelationMessage& message, const CatalogTable* known) {
  CatalogTable table;
  if (known != nullptr) table = *known;
  table.oid = message.oid;
  table.schema = message.schema;
  table.name = message.name;
  table.columns.clear();
  const std::vector<std::string> types = type_names(connection, message);
  // Attnums that nobody has: negative ones tell the columns of this table apart and are taken out again at the end.
  int unknown = 0;
  std::vector<int> identity;
  for (std::size_t i = 0; i < message.columns.size(); ++i) {
    const RelationMessage::Column& streamed = message.columns[i];
    const CatalogColumn* const same = known == nullptr ? nullptr : known->column(streamed.name);
    CatalogColumn column;
    if (same != nullptr && !same->generated) column = *same;
    if (column.number == 0) column.number = --unknown;
    column.name = streamed.name;
    column.type = streamed.type_oid;
    column.modifier = streamed.type_modifier;
    column.type_name = types[i];
    if (streamed.identity) identity.push_back(column.number);
    table.columns.push_back(std::move(column));
  }
  // What identified rows when the message was written; the order of a key's columns is told by the catalog alone.
  const auto same_set = [&](std::vector<int> key) {
    std::vector<int> wanted = identity;
    std::ranges::sort(key);
    std::ranges::sort(wanted);
    return key == wanted;
  };
  table.replica_identity = message.replica_identity;
  if (message.replica_identity == 'd' && !same_set(table.primary_key)) table.primary_key = identity;
  if (message.replica_identity == 'd') table.primary_key_deferred = false;
  if (message.replica_identity == 'i' && !same_set(table.identity_index)) table.identity_index = identity;
  return table;
}

}  // namespace

std::optional<FollowedTable> follow(const CatalogTable& table, const config::TableRules& rules) {
  if (!rules.includes_table(table.schema, table.name)) return std::nullopt;
  FollowedTable followed;
  Relation relation;
  followed.oid = table.oid;
  relation.schema = table.schema;
  relation.name = table.name;
  for (const CatalogColumn& column : table.columns) {
    if (!wanted(table, column, rules)) continue;
    relation.columns.push_back(column_of(column));
    followed.column_numbers.push_back(column.number);
  }
  settle_identity(table, followed, relation);
  if (table.unlogged) {
    followed.following = Following::none;
    followed.reason = "is unlogged";
  } else if (!table.identity_in_all_leaves && followed.following == Following::all) {
    follow_inserts_only(followed, relation, "has a partition without an identity of its own");
  }
  followed.relation = std::make_shared<const Relation>(std::move(relation));
  return followed;
}

void RelationCatalog::refresh(libpq::Connection& connection) { take(read_catalog_picture(connection)); }

void RelationCatalog::take(CatalogPicture picture) {
  picture_ = std::move(picture);
  followed_.clear();
  for (CatalogTable& table : picture_.tables) {
    if (method_ == config::CaptureMethod::triggers) triggers::identify_rows(table, rules_);
    if (std::optional<FollowedTable> followed = follow(table, rules_)) followed_.push_back(std::move(*followed));
  }
}

const FollowedTable* RelationCatalog::followed(ObjectId oid) const {
  const auto at = std::ranges::lower_bound(followed_, oid, {}, &FollowedTable::oid);
  return at == followed_.end() || at->oid != oid ? nullptr : &*at;
}

bool RelationCatalog::mirrors(ObjectId table, int column_number) const {
  const FollowedTable* const known = followed(table);
  return known != nullptr && known->following != Following::none &&
         std::ranges::find(known->column_numbers, column_number) != known->column_numbers.end();
}

bool RelationCatalog::knows(const RelationMessage& message) const {
  const CatalogTable* const table = picture_.table(message.oid);
  return table != nullptr && table->schema == message.schema && table->name == message.name &&
         table->replica_identity == message.replica_identity && same_columns(*table, message);
}

std::optional<StreamedRelation> RelationCatalog::relation_of(libpq::Connection& connection,
                                                             const RelationMessage& message) {
  if (!rules_.includes_table(message.schema, message.name)) return std::nullopt;
  if (!knows(message)) refresh(connection);
  const CatalogTable table = table_of(connection, message, picture_.table(message.oid));
  std::optional<FollowedTable> followed = follow(table, rules_);
  if (!followed) return std::nullopt;

  StreamedRelation streamed;
  std::size_t next = 0;
  for (const CatalogColumn& column : table.columns) {
    const bool mirrored = next < followed->column_numbers.size() && followed->column_numbers[next] == column.number;
    streamed.places.push_back(mirrored ? std::optional(next++) : std::nullopt);
  }
  streamed.relation = std::move(followed->relation);
  for (const int number : followed->column_numbers) streamed.column_numbers.push_back(std::max(0, number));
  if (!knows(message)) {
    const FollowedTable* const now = this->followed(message.oid);
    streamed.other_moment = now == nullptr ? NumberedColumns{} : NumberedColumns{now->relation, now->column_numbers};
    std::ranges::fill(streamed.column_numbers, 0);
  }
  return streamed;
}

}  // namespace pgmirror::capture::postgres
