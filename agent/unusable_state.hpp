#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pgmirror::agent {

/// Why an agent could not begin with the queue and the shadow in the state directory; none when it can. Brings the
/// shadow to the queue's end, as an agent would: hold the StateDirectoryLock.
std::optional<std::string> why_state_is_unusable(const std::filesystem::path& state_directory);

/// Renames queue and shadow to `NAME.old-TIME`; returns the new paths. Hold the StateDirectoryLock. Throws
/// std::filesystem::filesystem_error.
std::vector<std::filesystem::path> move_state_aside(const std::filesystem::path& state_directory,
                                                    std::chrono::system_clock::time_point now);

}  // namespace pgmirror::agent
