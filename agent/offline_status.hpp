#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "capture/postgres/retained_log.hpp"
#include "config/config.hpp"

namespace pgmirror::agent {

/// The document of docs/status.md as far as it can be known without an agent: from the state directory, which is not
/// changed, and from the mirrors, each given a few seconds to answer. Blocks on the network.
nlohmann::json offline_status(const config::Config& config);

/// What a PostgreSQL source keeps for us; nothing where it does not answer in some three seconds, or keeps nothing.
std::optional<capture::postgres::RetainedLog> retained_log(const config::Config& config);

}  // namespace pgmirror::agent
