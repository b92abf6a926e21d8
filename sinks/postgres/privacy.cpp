#include "sinks/postgres/privacy.hpp"

#include <fmt/format.h>

#include "libpq/identifier.hpp"

namespace pgmirror::sinks::postgres {

std::string privacy_sql(const std::string& relation) {
  const std::string revoke_from_roles = fmt::format(
      "DECLARE role_name text; BEGIN "
      "FOR role_name IN SELECT rolname FROM pg_catalog.pg_roles WHERE rolname IN ('anon', 'authenticated') LOOP "
      "EXECUTE pg_catalog.format('REVOKE ALL ON TABLE %s FROM %I', {}, role_name); END LOOP; END",
      libpq::quote_literal(relation));
  return fmt::format("ALTER TABLE {0} ENABLE ROW LEVEL SECURITY; REVOKE ALL ON TABLE {0} FROM PUBLIC; DO {1};",
                     relation, libpq::quote_literal(revoke_from_roles));
}

}  // namespace pgmirror::sinks::postgres
