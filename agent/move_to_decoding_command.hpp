#pragma once

#include "agent/exit_code.hpp"
#include "config/load_config.hpp"

namespace pgmirror::agent {

/// `pgmirror move-to-decoding`: goes over from triggers to logical decoding of a PostgreSQL source, after `yes`;
/// without it says what would happen. Needs the state directory's lock, so no agent may run. May be repeated where it
/// was interrupted.
ExitCode move_to_decoding_command(const config::Flags& flags, bool yes);

}  // namespace pgmirror::agent
