#pragma once

namespace pgmirror::sinks::postgres {

/// One statement that fixes, for the transaction, every setting by which the server would read or print a value
/// otherwise, whatever its configuration, the database or the role say: the texts of a PostgreSQL source are in the
/// form that these give. Names are found by their schema only: a function of
/// somebody else's, in a schema that stands first in the role's search_path, is never called.
inline constexpr const char* pin_settings_sql =
    "SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),"
    " pg_catalog.set_config('standard_conforming_strings', 'on', true), pg_catalog.set_config('datestyle', 'ISO, YMD', "
    "true),"
    " pg_catalog.set_config('intervalstyle', 'postgres', true), pg_catalog.set_config('timezone', 'UTC', true),"
    " pg_catalog.set_config('extra_float_digits', '3', true), pg_catalog.set_config('bytea_output', 'hex', true),"
    " pg_catalog.set_config('xmloption', 'content', true), pg_catalog.set_config('lc_monetary', 'C', true),"
    " pg_catalog.set_config('array_nulls', 'on', true), pg_catalog.set_config('quote_all_identifiers', 'off', true)";

}  // namespace pgmirror::sinks::postgres
