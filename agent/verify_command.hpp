#pragma once

#include <string>

#include "agent/exit_code.hpp"
#include "config/load_config.hpp"

namespace pgmirror::agent {

/// `pgmirror verify [--repair] [--mirror NAME] [--json]`: by the running agent, or, where none runs, by one that lives
/// for this command: it catches up first. Prints what differs. `differences` unless all is equal or was mended.
ExitCode verify_command(const config::Flags& flags, const std::string& mirror, bool repair, bool as_json);

}  // namespace pgmirror::agent
