#pragma once

#include <string_view>

#include "config/config.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// A session with the source for catalog and content, with everything pinned that decides how values are printed and
/// names are resolved, whatever the role, the database or the server have set. Throws DatabaseError; std::runtime_error
/// when a setting reads back otherwise.
libpq::Connection open_source_session(const config::ConnectionSettings& settings, std::string_view application_name);

}  // namespace pgmirror::capture::postgres
