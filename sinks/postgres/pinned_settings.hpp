#pragma once

namespace pgmirror::sinks::postgres {

/// One statement that fixes, for the transaction, every setting by which the server would read or print a value
/// otherwise, whatever its configuration, the database or the role say: the texts of a PostgreSQL source are in the
/// form that these give. Names are found by their schema only.
inline constexpr const char* pin_settings_sql =
    "SELECT set_config('search_path', '', true), set_config('datestyle', 'ISO, YMD', true),"
    " set_config('intervalstyle', 'postgres', true), set_config('timezone', 'UTC', true),"
    " set_config('extra_float_digits', '3', true), set_config('bytea_output', 'hex', true),"
    " set_config('xmloption', 'content', true), set_config('lc_monetary', 'C', true),"
    " set_config('array_nulls', 'on', true), set_config('quote_all_identifiers', 'off', true)";

}  // namespace pgmirror::sinks::postgres
