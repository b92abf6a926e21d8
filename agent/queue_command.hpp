#pragma once

#include "agent/exit_code.hpp"
#include "config/load_config.hpp"

namespace pgmirror::agent {

/// `pgmirror queue info`: segments, positions and sizes; `queue verify` reads every block. Both only look, whether an
/// agent runs or not. Damage ends with failure.
ExitCode queue_info_command(const config::Flags& flags, bool json);
ExitCode queue_verify_command(const config::Flags& flags, bool json);

}  // namespace pgmirror::agent
