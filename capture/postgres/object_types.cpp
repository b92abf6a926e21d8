#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "capture/postgres/object_readers.hpp"
#include "capture/postgres/server_versions.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {

std::string range_types_sql(int server_version) {
  return fmt::format(
      "SELECT t.oid, n.nspname, t.typname, pg_catalog.format('SUBTYPE = %s, SUBTYPE_OPCLASS = %I.%I',"
      "  pg_catalog.format_type(r.rngsubtype, NULL), opn.nspname, op.opcname)"
      " || CASE WHEN r.rngcollation <> 0 THEN pg_catalog.format(', COLLATION = %I.%I', ln.nspname, l.collname)"
      "    ELSE '' END"
      " || CASE WHEN r.rngsubdiff::pg_catalog.oid <> 0 THEN pg_catalog.format(', SUBTYPE_DIFF = %s', r.rngsubdiff)"
      "    ELSE '' END{}"
      " FROM pg_catalog.pg_range r JOIN pg_catalog.pg_type t ON t.oid = r.rngtypid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
      " JOIN pg_catalog.pg_opclass op ON op.oid = r.rngsubopc"
      " JOIN pg_catalog.pg_namespace opn ON opn.oid = op.opcnamespace"
      " LEFT JOIN pg_catalog.pg_collation l ON l.oid = r.rngcollation"
      " LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace WHERE t.oid >= 16384",
      server_version >= since::multiranges
          ? " || coalesce((SELECT pg_catalog.format(', MULTIRANGE_TYPE_NAME = %I.%I', mn.nspname, m.typname)"
            "  FROM pg_catalog.pg_type m JOIN pg_catalog.pg_namespace mn ON mn.oid = m.typnamespace"
            "  WHERE m.oid = r.rngmultitypid AND (m.typnamespace <> t.typnamespace OR m.typname <>"
            // The name that the server finds by itself: a mirror before 14 knows no other.
            "   CASE WHEN t.typname ~ 'range' THEN pg_catalog.regexp_replace(t.typname, 'range', 'multirange')"
            "        ELSE t.typname || '_multirange' END)), '')"
          : "");
}

namespace {

constexpr auto before_data = change::SchemaStatement::Stage::before_data;

SchemaObject type_object(const libpq::Result& result, int row, const char* kind, std::string sql) {
  return {.node = {catalogs::type, static_cast<ObjectId>(result.integer(row, 0))},
          .rank = SchemaObject::Rank::type,
          .statement = {.stage = before_data,
                        .kind = kind,
                        .schema = std::string(result.text(row, 1)),
                        .name = std::string(result.text(row, 2)),
                        .sql = std::move(sql),
                        .required = true}};
}

/// What a type gains and loses while it is in use is made by a statement of its own.
SchemaObject part_object(const libpq::Result& result, int row, const char* kind, std::string sql, std::string undo) {
  const ObjectNode type{catalogs::type, static_cast<ObjectId>(result.integer(row, 0))};
  return {.node = {},
          .rank = SchemaObject::Rank::type,
          .statement = {.stage = before_data,
                        .kind = kind,
                        .schema = std::string(result.text(row, 1)),
                        .name = fmt::format("{}.{}", result.text(row, 2), result.text(row, 3)),
                        .sql = std::move(sql),
                        .required = true},
          .after = {type},
          .undo = std::move(undo),
          .part_of = type};
}

std::string name_of(const libpq::Result& result, int row) {
  return libpq::qualified(result.text(row, 1), result.text(row, 2));
}

void read_enums(libpq::Connection& connection, SchemaObjects& objects) {
  const libpq::Result result = connection.execute(
      "SELECT t.oid, n.nspname, t.typname, pg_catalog.quote_literal(e.enumlabel), e.oid"
      " FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
      " LEFT JOIN pg_catalog.pg_enum e ON e.enumtypid = t.oid"
      " WHERE t.typtype = 'e' AND t.oid >= 16384 ORDER BY t.oid, e.enumsortorder");
  for (int row = 0; row < result.rows();) {
    SchemaObject type = type_object(result, row, "enum type", {});
    const auto oid = result.integer(row, 0);
    const std::string name = name_of(result, row);
    std::vector<std::string_view> labels;
    for (; row < result.rows() && result.integer(row, 0) == oid; ++row) {
      if (result.is_null(row, 3)) continue;
      labels.push_back(result.text(row, 3));
      type.statement.parts.push_back(fmt::format("{} {}", result.integer(row, 4), labels.back()));
    }
    type.statement.sql = fmt::format("CREATE TYPE {} AS ENUM ({})", name, fmt::join(labels, ", "));
    objects.push_back(std::move(type));
  }
}

void read_domains(libpq::Connection& connection, SchemaObjects& objects) {
  const libpq::Result result = connection.execute(
      "SELECT t.oid, n.nspname, t.typname, pg_catalog.format_type(t.typbasetype, t.typtypmod),"
      " CASE WHEN t.typcollation <> b.typcollation THEN pg_catalog.format(' COLLATE %I.%I', ln.nspname, l.collname)"
      " END, t.typdefault, t.typnotnull"
      " FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
      " JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype"
      " LEFT JOIN pg_catalog.pg_collation l ON l.oid = t.typcollation"
      " LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace"
      " WHERE t.typtype = 'd' AND t.oid >= 16384");
  for (int row = 0; row < result.rows(); ++row) {
    std::string sql =
        fmt::format("CREATE DOMAIN {} AS {}{}", name_of(result, row), result.text(row, 3), result.text(row, 4));
    if (!result.is_null(row, 5)) sql += fmt::format(" DEFAULT {}", result.text(row, 5));
    if (result.boolean(row, 6)) sql += " NOT NULL";
    objects.push_back(type_object(result, row, "domain", std::move(sql)));
  }
}

void read_domain_constraints(libpq::Connection& connection, SchemaObjects& objects) {
  const libpq::Result result = connection.execute(
      "SELECT t.oid, n.nspname, t.typname, c.conname, pg_catalog.pg_get_constraintdef(c.oid)"
      " FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_type t ON t.oid = c.contypid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE c.contype = 'c' AND t.oid >= 16384"
      " ORDER BY c.oid");
  for (int row = 0; row < result.rows(); ++row) {
    const std::string domain = name_of(result, row);
    const std::string constraint = libpq::quote_identifier(result.text(row, 3));
    const ObjectNode type{catalogs::type, static_cast<ObjectId>(result.integer(row, 0))};
    const auto made = std::ranges::find(objects, type, &SchemaObject::node);
    if (made != objects.end()) made->statement.parts.push_back(fmt::format("{} {}", constraint, result.text(row, 4)));
    objects.push_back(
        part_object(result, row, "domain constraint",
                    fmt::format("ALTER DOMAIN {} ADD CONSTRAINT {} {}", domain, constraint, result.text(row, 4)),
                    fmt::format("ALTER DOMAIN {} DROP CONSTRAINT IF EXISTS {}", domain, constraint)));
  }
}

void read_composites(libpq::Connection& connection, SchemaObjects& objects) {
  const libpq::Result result = connection.execute(
      "SELECT t.oid, n.nspname, t.typname FROM pg_catalog.pg_type t"
      " JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
      " JOIN pg_catalog.pg_class c ON c.oid = t.typrelid AND c.relkind = 'c' WHERE t.oid >= 16384");
  for (int row = 0; row < result.rows(); ++row) {
    objects.push_back(
        type_object(result, row, "composite type", fmt::format("CREATE TYPE {} AS ()", name_of(result, row))));
  }
}

void read_attributes(libpq::Connection& connection, SchemaObjects& objects) {
  const libpq::Result result = connection.execute(
      "SELECT t.oid, n.nspname, t.typname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),"
      " CASE WHEN a.attcollation <> y.typcollation"
      "      THEN pg_catalog.format(' COLLATE %I.%I', ln.nspname, l.collname) END"
      " FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
      " JOIN pg_catalog.pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'"
      " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
      " JOIN pg_catalog.pg_type y ON y.oid = a.atttypid"
      " LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation"
      " LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace WHERE t.oid >= 16384"
      " ORDER BY t.oid, a.attnum");
  for (int row = 0; row < result.rows(); ++row) {
    const std::string type = name_of(result, row);
    const std::string attribute = libpq::quote_identifier(result.text(row, 3));
    objects.push_back(part_object(
        result, row, "attribute",
        fmt::format("ALTER TYPE {} ADD ATTRIBUTE {} {}{}", type, attribute, result.text(row, 4), result.text(row, 5)),
        fmt::format("ALTER TYPE {} DROP ATTRIBUTE IF EXISTS {}", type, attribute)));
  }
}

/// Without the canonical function, which would need a type that is only half made: ranges of discrete user types print
/// as the source printed them all the same.
void read_ranges(libpq::Connection& connection, SchemaObjects& objects) {
  const libpq::Result result = connection.execute(range_types_sql(connection.server_version()));
  for (int row = 0; row < result.rows(); ++row) {
    objects.push_back(
        type_object(result, row, "range type",
                    fmt::format("CREATE TYPE {} AS RANGE ({})", name_of(result, row), result.text(row, 3))));
  }
}

}  // namespace

SchemaObjects read_types(libpq::Connection& connection) {
  SchemaObjects objects;
  read_enums(connection, objects);
  read_domains(connection, objects);
  read_composites(connection, objects);
  // A domain's constraint may look into a composite.
  read_attributes(connection, objects);
  read_domain_constraints(connection, objects);
  read_ranges(connection, objects);
  return objects;
}

SchemaObjects read_extensions(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(
      "SELECT e.oid, n.nspname, e.extname FROM pg_catalog.pg_extension e"
      " JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace");
  SchemaObjects objects;
  for (int row = 0; row < result.rows(); ++row) {
    objects.push_back({.node = {catalogs::extension, static_cast<ObjectId>(result.integer(row, 0))},
                       .rank = SchemaObject::Rank::extension,
                       .statement = {.stage = before_data,
                                     .kind = "extension",
                                     .schema = std::string(result.text(row, 1)),
                                     .name = std::string(result.text(row, 2)),
                                     .sql = fmt::format("CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA {}",
                                                        libpq::quote_identifier(result.text(row, 2)),
                                                        libpq::quote_identifier(result.text(row, 1)))}});
  }
  return objects;
}

/// The columns of pg_collation changed with nearly every version; as JSON they can be asked for by any name.
SchemaObjects read_collations(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(
      "SELECT c.oid, n.nspname, c.collname, CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin'"
      " ELSE 'libc' END, c.collisdeterministic,"
      " coalesce(j ->> 'colllocale', j ->> 'colliculocale', j ->> 'collcollate'), j ->> 'collcollate',"
      " j ->> 'collctype'"
      " FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace,"
      " pg_catalog.to_jsonb(c) j WHERE c.oid >= 16384");
  SchemaObjects objects;
  for (int row = 0; row < result.rows(); ++row) {
    const std::string provider(result.text(row, 3));
    const std::string locale =
        provider == "libc" ? fmt::format("LC_COLLATE = {}, LC_CTYPE = {}", libpq::quote_literal(result.text(row, 6)),
                                         libpq::quote_literal(result.text(row, 7)))
                           : "LOCALE = " + libpq::quote_literal(result.text(row, 5));
    objects.push_back(
        {.node = {catalogs::collation, static_cast<ObjectId>(result.integer(row, 0))},
         .rank = SchemaObject::Rank::collation,
         .statement = {.stage = before_data,
                       .kind = "collation",
                       .schema = std::string(result.text(row, 1)),
                       .name = std::string(result.text(row, 2)),
                       .sql = fmt::format("CREATE COLLATION {} (PROVIDER = {}, {}{})", name_of(result, row), provider,
                                          locale, result.boolean(row, 4) ? "" : ", DETERMINISTIC = false"),
                       .required = true}});
  }
  return objects;
}

}  // namespace pgmirror::capture::postgres
