#pragma once

#include <filesystem>
#include <string>

#include "config/config.hpp"

namespace pgmirror::tests {

/// What is wrong between the source's slots and the queue, empty where nothing is: at most one slot that lasts may
/// exist, and it must not be acknowledged beyond what the queue holds, since the source forgets what is acknowledged.
///
/// May be asked while the agent runs or is dead; the source has to answer (throws what pqxx throws).
std::string slot_fault(const config::ConnectionSettings& source, const std::filesystem::path& state_directory);

}  // namespace pgmirror::tests
