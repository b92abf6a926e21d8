#pragma once

#include <cstdint>
#include <string>

#include "agent/exit_code.hpp"
#include "config/load_config.hpp"

namespace pgmirror::agent {

/// `pgmirror parked list|retry|discard`: changes that a mirror refused, straight in that mirror, whether an agent runs
/// or not. `mirror` may be empty: all for the list, the only one for the others. Throws libpq::DatabaseError.
ExitCode parked_list_command(const config::Flags& flags, const std::string& mirror, bool json);
ExitCode parked_retry_command(const config::Flags& flags, const std::string& mirror, std::int64_t id);
ExitCode parked_discard_command(const config::Flags& flags, const std::string& mirror, std::int64_t id);

}  // namespace pgmirror::agent
