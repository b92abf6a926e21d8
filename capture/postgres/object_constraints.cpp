#include <fmt/format.h>

#include "capture/postgres/object_readers.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

const char* kind_of(char type) {
  switch (type) {
    case 'p':
      return "primary key";
    case 'u':
      return "unique constraint";
    case 'x':
      return "exclusion constraint";
    case 'f':
      return "foreign key";
    default:
      return "check constraint";
  }
}

SchemaObject::Rank rank_of(char type) {
  if (type == 'p' || type == 'u') return SchemaObject::Rank::key;
  return type == 'f' ? SchemaObject::Rank::foreign_key : SchemaObject::Rank::constraint;
}

/// Rows arrive in the order of the source's statements, which may be one that only the end of a transaction satisfies.
std::string deferred(std::string definition) {
  constexpr std::string_view not_valid = " NOT VALID";
  std::string tail;
  if (definition.ends_with(not_valid)) {
    definition.resize(definition.size() - not_valid.size());
    tail = not_valid;
  }
  if (definition.ends_with(" INITIALLY DEFERRED")) return definition + tail;
  if (!definition.ends_with(" DEFERRABLE")) definition += " DEFERRABLE";
  return definition + " INITIALLY DEFERRED" + tail;
}

}  // namespace

SchemaObjects read_constraints(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(
      "SELECT k.oid, n.nspname, c.relname, k.conname, k.contype, pg_catalog.pg_get_constraintdef(k.oid), k.conrelid"
      " FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      // The clones that partitions have come with their table's own.
      " WHERE k.oid >= 16384 AND k.contype IN ('p', 'u', 'x', 'c', 'f') AND k.conparentid = 0");
  SchemaObjects objects;
  for (int row = 0; row < result.rows(); ++row) {
    const char type = result.text(row, 4).front();
    std::string definition(result.text(row, 5));
    if (type == 'f') definition = deferred(std::move(definition));
    const std::string table = libpq::qualified(result.text(row, 1), result.text(row, 2));
    const std::string name = libpq::quote_identifier(result.text(row, 3));
    objects.push_back({.node = {catalogs::constraint, static_cast<ObjectId>(result.integer(row, 0))},
                       .rank = rank_of(type),
                       .statement = {.stage = change::SchemaStatement::Stage::after_data,
                                     .kind = kind_of(type),
                                     .schema = std::string(result.text(row, 1)),
                                     .name = fmt::format("{}.{}", result.text(row, 2), result.text(row, 3)),
                                     .sql = fmt::format("ALTER TABLE {} ADD CONSTRAINT {} {}", table, name, definition),
                                     .required = type == 'p',
                                     .table = std::string(result.text(row, 2)),
                                     .parts = {fmt::format("constraint {}", result.text(row, 3))}},
                       .table = static_cast<ObjectId>(result.integer(row, 6)),
                       .undo = fmt::format("ALTER TABLE IF EXISTS {} DROP CONSTRAINT IF EXISTS {}", table, name)});
  }
  return objects;
}

}  // namespace pgmirror::capture::postgres
