#include "sinks/postgres/foreign_key_refusal.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"
#include "sinks/postgres/index_plan.hpp"
#include "sinks/postgres/schema_record.hpp"

namespace pgmirror::sinks::postgres {
namespace {

bool made_by_us(libpq::Connection& connection, const SchemaBuilder& schema,
                const std::vector<change::RelationPtr>& relations, const libpq::ConstraintName& refusing) {
  const bool planned = std::ranges::any_of(relations, [&](const change::RelationPtr& relation) {
    return schema.schema_of(*relation) == refusing.schema &&
           libpq::mirror_identifier(relation->name) == refusing.table &&
           std::ranges::any_of(relation->foreign_keys, [&](const change::ForeignKey& key) {
             return foreign_key_name(*relation, key) == refusing.constraint;
           });
  });
  if (!planned) return false;
  // Tables that stood there before us keep the constraints that somebody else gave them.
  const libpq::Result created = connection.execute(
      "SELECT FROM pgmirror.tables WHERE mirror = $1 AND schema_name = $2 AND table_name = $3 AND created",
      libpq::Parameters::texts({schema.mirror().name, refusing.schema, refusing.table}));
  return created.rows() > 0;
}

}  // namespace

bool drop_refusing_foreign_key(libpq::Connection& connection, const SchemaBuilder& schema,
                               const std::vector<change::RelationPtr>& relations, change::Position position,
                               const libpq::ConstraintName& refusing) {
  if (!made_by_us(connection, schema, relations, refusing)) return false;
  const std::string table = libpq::quote_identifier(refusing.schema) + "." + libpq::quote_identifier(refusing.table);
  const std::string statement =
      fmt::format("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", table, libpq::quote_identifier(refusing.constraint));
  const std::string reason = fmt::format("dropped foreign key {} of table {}: rows of the source violate it",
                                         refusing.constraint, refusing.table);
  libpq::DatabaseTransaction transaction(connection);
  SchemaRecord(connection, schema.mirror().name, position).run(statement, reason);
  transaction.commit();
  return true;
}

}  // namespace pgmirror::sinks::postgres
