#include "sinks/postgres/refusing_object.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"
#include "sinks/postgres/index_plan.hpp"
#include "sinks/postgres/mirror_catalog.hpp"
#include "sinks/postgres/schema_record.hpp"

namespace pgmirror::sinks::postgres {
namespace {

constexpr const char* foreign_key_violation = "23503";
constexpr const char* program_limit_exceeded = "54000";
constexpr const char* dependent_objects = "2BP01";

bool gives(const change::Relation& relation, const RefusingObject& refusing) {
  const std::string& name = refusing.name.constraint;
  if (refusing.kind == RefusingObject::Kind::foreign_key) {
    return std::ranges::any_of(relation.foreign_keys,
                               [&](const change::ForeignKey& key) { return foreign_key_name(relation, key) == name; });
  }
  return std::ranges::any_of(relation.indexes,
                             [&](const change::Index& index) { return mirror_index_name(relation, index) == name; });
}

/// Tables that stood there before us keep what somebody else gave them.
bool created_by_us(libpq::Connection& connection, const std::string& mirror, const std::string& schema,
                   const std::string& table) {
  const libpq::Result created = connection.execute(
      "SELECT FROM pgmirror.tables WHERE mirror = $1 AND schema_name = $2 AND table_name = $3 AND created",
      libpq::Parameters::texts({mirror, schema, table}));
  return created.rows() > 0;
}

bool made_by_us(libpq::Connection& connection, const SchemaBuilder& schema,
                const std::vector<change::RelationPtr>& relations, const RefusingObject& refusing) {
  const bool planned = std::ranges::any_of(relations, [&](const change::RelationPtr& relation) {
    return schema.schema_of(*relation) == refusing.name.schema &&
           libpq::mirror_identifier(relation->name) == refusing.name.table && gives(*relation, refusing);
  });
  if (!planned) return false;
  return created_by_us(connection, schema.mirror().name, refusing.name.schema, refusing.name.table);
}

}  // namespace

std::optional<RefusingObject> refusing_object(const libpq::DatabaseError& error) {
  if (error.constraint().constraint.empty()) return std::nullopt;
  if (error.sqlstate() == foreign_key_violation)
    return RefusingObject{.kind = RefusingObject::Kind::foreign_key,
                          .name = error.constraint(),
                          .reason = "rows of the source violate it"};
  if (too_long_for_an_index(error))
    return RefusingObject{.kind = RefusingObject::Kind::index,
                          .name = error.constraint(),
                          .reason = "the source holds a value that is too long for it"};
  return std::nullopt;
}

bool drop_refusing_object(libpq::Connection& connection, const SchemaBuilder& schema,
                          const std::vector<change::RelationPtr>& relations, change::Position position,
                          const RefusingObject& refusing) {
  if (!made_by_us(connection, schema, relations, refusing)) return false;
  const libpq::ConstraintName& name = refusing.name;
  const std::string in_schema = libpq::quote_identifier(name.schema) + ".";
  const bool is_index = refusing.kind == RefusingObject::Kind::index;
  const std::string object = libpq::quote_identifier(name.constraint);
  const std::string statement = is_index ? "DROP INDEX IF EXISTS " + in_schema + object
                                         : fmt::format("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}",
                                                       in_schema + libpq::quote_identifier(name.table), object);
  const std::string reason = fmt::format("dropped {} {} of table {}: {}", is_index ? "index" : "foreign key",
                                         name.constraint, name.table, refusing.reason);
  try {
    libpq::DatabaseTransaction transaction(connection);
    SchemaRecord(connection, schema.mirror().name, position).run(statement, reason);
    transaction.commit();
  } catch (const libpq::DatabaseError& error) {
    if (error.sqlstate() != dependent_objects) throw;
    return false;
  }
  return true;
}

bool too_long_for_an_index(const libpq::DatabaseError& error) { return error.sqlstate() == program_limit_exceeded; }

std::size_t drop_own_indexes(libpq::Connection& connection, const SchemaBuilder& schema,
                             const change::Relation& relation, change::Position position, const std::string& reason,
                             const std::function<bool(const change::Index&)>& chosen) {
  const std::string& in_schema = schema.schema_of(relation);
  const std::string table = libpq::mirror_identifier(relation.name);
  if (!created_by_us(connection, schema.mirror().name, in_schema, table)) return 0;
  const MirrorCatalog catalog = MirrorCatalog::read(connection, in_schema, table);
  const CatalogTable* standing = catalog.table(table);
  if (standing == nullptr) return 0;
  std::size_t dropped = 0;
  for (const change::Index& index : relation.indexes) {
    const std::string name = mirror_index_name(relation, index);
    const bool stands = std::ranges::find(standing->indexes, name, &CatalogIndex::name) != standing->indexes.end();
    if (!stands || !chosen(index)) continue;
    SchemaRecord(connection, schema.mirror().name, position)
        .run("DROP INDEX " + libpq::quote_identifier(in_schema) + "." + libpq::quote_identifier(name),
             fmt::format("dropped index {} of table {}: {}", name, table, reason));
    ++dropped;
  }
  return dropped;
}

}  // namespace pgmirror::sinks::postgres
