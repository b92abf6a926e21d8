#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace pgmirror::sinks::postgres {

enum class SettingScope : std::uint8_t {
  transaction,
  session,  ///< only where the session is ours alone (libpq::Connection::has_own_session)
};

struct Setting {
  std::string_view name;
  std::string_view value;
};

/// One statement that fixes every setting by which the server would read or print a value otherwise, whatever its
/// configuration, the database or the role say: the texts of a PostgreSQL source are in the form that these give. Names
/// are found by their schema only: a function of somebody else's, in a schema that stands first in the role's
/// search_path, is never called. `further` ones are set by it as well.
std::string pin_settings_sql(SettingScope scope, std::initializer_list<Setting> further = {});

}  // namespace pgmirror::sinks::postgres
