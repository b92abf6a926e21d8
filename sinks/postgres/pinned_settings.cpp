#include "sinks/postgres/pinned_settings.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace pgmirror::sinks::postgres {
namespace {

constexpr std::array<Setting, 11> pinned{{
    {"search_path", "pg_catalog, pg_temp"},
    {"standard_conforming_strings", "on"},
    {"datestyle", "ISO, YMD"},
    {"intervalstyle", "postgres"},
    {"timezone", "UTC"},
    {"extra_float_digits", "3"},
    {"bytea_output", "hex"},
    {"xmloption", "content"},
    {"lc_monetary", "C"},
    {"array_nulls", "on"},
    {"quote_all_identifiers", "off"},
}};

}  // namespace

std::string pin_settings_sql(SettingScope scope, std::initializer_list<Setting> further) {
  std::string sql = "SELECT ";
  const auto set = [&](const Setting& setting) {
    fmt::format_to(std::back_inserter(sql), "{}pg_catalog.set_config('{}', '{}', {})", sql.back() == ')' ? ", " : "",
                   setting.name, setting.value, scope == SettingScope::transaction);
  };
  for (const Setting& setting : pinned) set(setting);
  for (const Setting& setting : further) set(setting);
  return sql;
}

}  // namespace pgmirror::sinks::postgres
