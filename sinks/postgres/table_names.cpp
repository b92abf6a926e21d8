#include "sinks/postgres/table_names.hpp"

#include <fmt/format.h>

#include "libpq/identifier.hpp"
#include "sinks/postgres/own_parts.hpp"

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
  claim(after);
  const std::string reason = fmt::format("table {} was renamed to {}", before.qualified_name(), after.qualified_name());
  if (catalog(before).table(name(before)) != nullptr) {
    if (name(before) != name(after)) {
      record_.run(fmt::format("ALTER TABLE {} RENAME TO {}", quoted(before), libpq::quote_identifier(after.name)),
                  reason);
    }
    if (schema(before) != schema(after)) {
      record_.run("CREATE SCHEMA IF NOT EXISTS " + libpq::quote_identifier(schema(after)), reason);
      record_.run(fmt::format("ALTER TABLE {} SET SCHEMA {}", libpq::qualified(schema(before), after.name),
                              libpq::quote_identifier(schema(after))),
                  reason);
    }
  }
  const auto parameters = libpq::Parameters::texts({schema(after), name(after), schema(before), name(before)});
  for (const char* table : {"pgmirror.tables", "pgmirror.odd_values"}) {
    record_.connection().execute(fmt::format("UPDATE {} SET schema_name = $1, table_name = $2 "
                                             "WHERE schema_name = $3 AND table_name = $4",
                                             table),
                                 parameters);
  }
  OwnParts(record_.connection(), record_.mirror(), schema(after), name(after)).forget_statements();
}

/// The source says that the name is free: a table of ours that has it is one that the source has no more.
void TableNames::claim(const Relation& relation) {
  const libpq::Result known = record_.connection().execute(
      "SELECT FROM pgmirror.tables WHERE mirror = $1 AND schema_name = $2 AND table_name = $3",
      libpq::Parameters::texts({record_.mirror(), schema(relation), name(relation)}));
  if (known.rows() == 0) return;
  if (catalog(relation).table(name(relation)) != nullptr) {
    free_index_names(relation);
    set_aside(relation);
    return;
  }
  record_.connection().execute("DELETE FROM pgmirror.tables WHERE mirror = $1 AND schema_name = $2 AND table_name = $3",
                               libpq::Parameters::texts({record_.mirror(), schema(relation), name(relation)}));
}

void TableNames::vacate(const Relation& relation) {
  if (catalog(relation).table(name(relation)) == nullptr) return;
  const libpq::Result dropped = record_.connection().execute(
      "SELECT FROM pgmirror.tables WHERE mirror = $1 AND schema_name = $2 AND table_name = $3 AND state = 'dropped'",
      libpq::Parameters::texts({record_.mirror(), schema(relation), name(relation)}));
  if (dropped.rows() == 1) set_aside(relation);
}

void TableNames::set_aside(const Relation& relation) {
  const std::string aside = aside_name(schema(relation), name(relation));
  record_.run(fmt::format("ALTER TABLE {} RENAME TO {}", quoted(relation), libpq::quote_identifier(aside)),
              fmt::format("table {} is kept aside: its name is used for another one", relation.qualified_name()));
  const auto parameters = libpq::Parameters::texts({aside, schema(relation), name(relation)});
  record_.connection().execute(
      "UPDATE pgmirror.tables SET table_name = $1, state = 'dropped' WHERE schema_name = $2 AND table_name = $3",
      parameters);
  record_.connection().execute(
      "UPDATE pgmirror.odd_values SET table_name = $1 WHERE schema_name = $2 AND table_name = $3", parameters);
}

/// More than one table of a name may go in one transaction.
std::string TableNames::aside_name(const std::string& schema, const std::string& name) const {
  std::string aside = libpq::mirror_identifier(fmt::format("{}_dropped_{}", name, record_.position().value));
  const auto taken = [&] {
    return record_.connection()
               .execute(
                   "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                   " WHERE n.nspname = $1 AND c.relname = $2",
                   libpq::Parameters::texts({schema, aside}))
               .rows() > 0;
  };
  for (int number = 2; taken(); ++number) {
    aside = libpq::mirror_identifier(fmt::format("{}_dropped_{}_{}", name, record_.position().value, number));
  }
  return aside;
}

void TableNames::free_index_names(const Relation& relation) {
  const libpq::Result parts = record_.connection().execute(
      "WITH t AS (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      "  WHERE n.nspname = $1 AND c.relname = $2)"
      " SELECT 'INDEX', n.nspname, i.relname FROM t JOIN pg_catalog.pg_index x ON x.indrelid = t.oid"
      " JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace"
      " UNION ALL SELECT 'SEQUENCE', n.nspname, s.relname FROM t JOIN pg_catalog.pg_depend d ON d.refobjid = t.oid"
      " AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'i'"
      " AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
      " JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'"
      " JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace",
      libpq::Parameters::texts({schema(relation), name(relation)}));
  for (int row = 0; row < parts.rows(); ++row) {
    const std::string of_schema(parts.text(row, 1));
    const std::string own(parts.text(row, 2));
    record_.run(fmt::format("ALTER {} {} RENAME TO {}", parts.text(row, 0), libpq::qualified(of_schema, own),
                            libpq::quote_identifier(aside_name(of_schema, own))),
                fmt::format("{} belongs to a table that is only kept", own));
  }
}

}  // namespace pgmirror::sinks::postgres
