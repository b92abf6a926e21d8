#include "sinks/postgres/domain_constraints.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "libpq/identifier.hpp"
#include "sinks/postgres/schema_record.hpp"

namespace pgmirror::sinks::postgres {

bool retire_domain_constraints(libpq::Connection& connection, const std::string& mirror, change::Position position,
                               const change::SchemaStatement& domain) {
  const libpq::Result standing = connection.execute(
      "SELECT k.conname, pg_catalog.pg_get_constraintdef(k.oid), EXISTS (SELECT FROM pgmirror.schema_history h"
      "  WHERE h.mirror = $1 AND pg_catalog.strpos(h.statement, pg_catalog.concat('ALTER DOMAIN ', $4::text, ' ADD "
      "CONSTRAINT \"',"
      "   pg_catalog.replace(k.conname, '\"', '\"\"'), '\" ')) = 1)"
      " FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
      " LEFT JOIN pg_catalog.pg_constraint k ON k.contypid = t.oid AND k.contype = 'c'"
      " WHERE t.typtype = 'd' AND n.nspname = $2 AND t.typname = $3",
      libpq::Parameters::texts({mirror, domain.schema, domain.name, libpq::qualified(domain.schema, domain.name)}));
  SchemaRecord record(connection, mirror, position);
  for (int row = 0; row < standing.rows(); ++row) {
    if (standing.is_null(row, 0) || !standing.boolean(row, 2)) continue;
    const std::string name = libpq::quote_identifier(standing.text(row, 0));
    const std::string part = fmt::format("{} {}", name, standing.text(row, 1));
    if (std::ranges::find(domain.parts, part) != domain.parts.end()) continue;
    record.attempt(
        fmt::format("constraint {} of domain {}", name, domain.name),
        fmt::format("ALTER DOMAIN {} DROP CONSTRAINT {}", libpq::qualified(domain.schema, domain.name), name),
        fmt::format("the source has it no more: constraint {} of domain {}", name, domain.name));
  }
  return standing.rows() > 0;
}

}  // namespace pgmirror::sinks::postgres
