#include "sinks/postgres/table_names.hpp"

#include <fmt/format.h>

#include "libpq/identifier.hpp"

namespace pgmirror::sinks::postgres {

using change::Relation;

std::string TableNames::name(const Relation& relation) const { return libpq::mirror_identifier(relation.name); }

std::string TableNames::quoted(const Relation& relation) const {
  return libpq::qualified(schema(relation), relation.name);
}

MirrorCatalog TableNames::catalog(const Relation& relation) const {
  return MirrorCatalog::read(record_.connection(), schema(relation), name(relation));
}

void TableNames::rename(const Relation& before, const Relation& after) {
  if (quoted(before) == quoted(after)) return;
  free(after);
  record_.run(fmt::format("ALTER TABLE IF EXISTS {} RENAME TO {}", quoted(before), libpq::quote_identifier(after.name)),
              fmt::format("table {} was renamed to {}", before.qualified_name(), after.qualified_name()));
  const auto parameters = libpq::Parameters::texts({name(after), schema(before), name(before)});
  for (const char* table : {"pgmirror.tables", "pgmirror.odd_values"}) {
    record_.connection().execute(
        fmt::format("UPDATE {} SET table_name = $1 WHERE schema_name = $2 AND table_name = $3", table), parameters);
  }
}

void TableNames::free(const Relation& relation) {
  if (catalog(relation).table(name(relation)) == nullptr) return;
  const libpq::Result dropped = record_.connection().execute(
      "SELECT FROM pgmirror.tables WHERE mirror = $1 AND schema_name = $2 AND table_name = $3 AND state = 'dropped'",
      libpq::Parameters::texts({record_.mirror(), schema(relation), name(relation)}));
  if (dropped.rows() == 1) set_aside(relation);
}

void TableNames::set_aside(const Relation& relation) {
  const std::string aside =
      libpq::mirror_identifier(fmt::format("{}_dropped_{}", name(relation), record_.position().value));
  record_.run(fmt::format("ALTER TABLE {} RENAME TO {}", quoted(relation), libpq::quote_identifier(aside)),
              fmt::format("table {} is kept aside: its name is used for another one", relation.qualified_name()));
  const auto parameters = libpq::Parameters::texts({aside, schema(relation), name(relation)});
  record_.connection().execute(
      "UPDATE pgmirror.tables SET table_name = $1, state = 'dropped' WHERE schema_name = $2 AND table_name = $3",
      parameters);
  record_.connection().execute(
      "UPDATE pgmirror.odd_values SET table_name = $1 WHERE schema_name = $2 AND table_name = $3", parameters);
}

void TableNames::free_index_names(const Relation& relation) {
  const MirrorCatalog standing = catalog(relation);
  const CatalogTable* table = standing.table(name(relation));
  if (table == nullptr) return;
  for (const CatalogIndex& index : table->indexes) {
    record_.run(
        fmt::format("ALTER INDEX {} RENAME TO {}", libpq::qualified(schema(relation), index.name),
                    libpq::quote_identifier(fmt::format("{}_dropped_{}", index.name, record_.position().value))),
        fmt::format("index {} belongs to a table that is only kept", index.name));
  }
}

}  // namespace pgmirror::sinks::postgres
