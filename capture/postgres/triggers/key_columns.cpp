#include "capture/postgres/triggers/key_columns.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

namespace pgmirror::capture::postgres::triggers {
namespace {

/// Types of one printed form for each value. Texts in other collations than plain ones may be equal and differ.
constexpr const char* exact_types =
    "('{int2,int4,int8,oid,uuid,text,varchar,date,timestamp,timestamptz,bytea,bool}'::regtype[]::oid[])";

using Place = std::pair<ObjectId, int>;

/// By index column: the equality operator of its operator class. Those over any array, enum or range take the column's
/// own type, or the one below its domains: a domain over an enum is none.
std::map<Place, KeyColumns::Column> read_operators(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(fmt::format(
      "SELECT i.indrelid, a.attnum, pg_catalog.format('OPERATOR(%I.%s)', n.nspname, o.oprname),"
      " pg_catalog.format_type(CASE WHEN ot.typtype <> 'p' THEN ot.oid ELSE b.oid END, -1),"
      " t.oid = ANY {} AND (a.attcollation = 0 OR coalesce(l.collisdeterministic, true))"
      " FROM pg_catalog.pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[]) AS k(number, class)"
      " JOIN pg_catalog.pg_opclass c ON c.oid = k.class"
      " JOIN pg_catalog.pg_amop m ON m.amopfamily = c.opcfamily AND m.amopstrategy = 3"
      "  AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype"
      " JOIN pg_catalog.pg_operator o ON o.oid = m.amopopr JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace"
      " JOIN pg_catalog.pg_type ot ON ot.oid = o.oprright"
      " JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number"
      " JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
      " CROSS JOIN LATERAL (WITH RECURSIVE domains AS (SELECT t.oid, t.typtype, t.typbasetype UNION ALL"
      "  SELECT u.oid, u.typtype, u.typbasetype FROM domains d JOIN pg_catalog.pg_type u ON u.oid = d.typbasetype"
      "   WHERE d.typtype = 'd') SELECT oid FROM domains WHERE typtype <> 'd') AS b"
      " LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation"
      " WHERE i.indisvalid AND (i.indisprimary OR i.indisreplident)",
      exact_types));
  std::map<Place, KeyColumns::Column> operators;
  for (int row = 0; row < result.rows(); ++row) {
    const int number = static_cast<int>(result.integer(row, 1));
    operators.insert_or_assign(Place{static_cast<ObjectId>(result.integer(row, 0)), number},
                               KeyColumns::Column{.number = number,
                                                  .equals = std::string(result.text(row, 2)),
                                                  .type = std::string(result.text(row, 3)),
                                                  .exact = result.boolean(row, 4)});
  }
  return operators;
}

std::set<ObjectId> with_other_unique_indexes(libpq::Connection& connection) {
  std::set<ObjectId> tables;
  const libpq::Result result = connection.execute(
      "SELECT DISTINCT indrelid FROM pg_catalog.pg_index WHERE (indisunique OR indisexclusion) AND NOT indisprimary");
  for (int row = 0; row < result.rows(); ++row) tables.insert(static_cast<ObjectId>(result.integer(row, 0)));
  return tables;
}

}  // namespace

std::map<ObjectId, KeyColumns> read_key_columns(libpq::Connection& connection, const RelationCatalog& catalog) {
  const std::map<Place, KeyColumns::Column> operators = read_operators(connection);
  const std::set<ObjectId> unique = with_other_unique_indexes(connection);
  std::map<ObjectId, KeyColumns> keys;
  for (const FollowedTable& table : catalog.followed()) {
    KeyColumns& key = keys[table.oid];
    key.other_unique = unique.contains(table.oid);
    if (table.relation->identity != change::ReplicaIdentity::key) continue;
    for (const std::size_t column : table.relation->key) {
      key.columns.push_back(operators.at({table.oid, table.column_numbers[column]}));
    }
  }
  return keys;
}

}  // namespace pgmirror::capture::postgres::triggers
