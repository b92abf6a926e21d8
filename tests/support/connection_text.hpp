#pragma once

#include <string>

#include "config/config.hpp"

namespace pgmirror::tests {

/// The settings as libpq's `host=... port=...`, for pqxx::connection.
std::string connection_string(const config::ConnectionSettings& settings);

/// The settings as a URL, for MIRROR_DB_URL.
std::string connection_url(const config::ConnectionSettings& settings);

}  // namespace pgmirror::tests
