#pragma once

#include <string>

#include "libpq/connection.hpp"

namespace pgmirror::sinks::postgres {

/// What protects a connection that is open: `TLSv1.3, TLS_AES_256_GCM_SHA384`; empty when nothing does.
std::string tls_in_use(const libpq::Connection& connection);

}  // namespace pgmirror::sinks::postgres
