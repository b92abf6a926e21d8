#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace pgmirror::agent {

/// Why an agent could not begin with what the state directory holds, and with the slot in a PostgreSQL source; none
/// when it can. Brings a shadow to the queue's end, as an agent would: hold the StateDirectoryLock. Throws
/// DatabaseError where a PostgreSQL source does not answer.
std::optional<std::string> why_state_is_unusable(const config::Config& config);

/// Renames queue and shadow to `NAME.old-TIME`; returns the new paths. Hold the StateDirectoryLock. Throws
/// std::filesystem::filesystem_error.
std::vector<std::filesystem::path> move_state_aside(const std::filesystem::path& state_directory,
                                                    std::chrono::system_clock::time_point now);

}  // namespace pgmirror::agent
