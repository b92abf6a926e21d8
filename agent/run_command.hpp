#pragma once

#include "agent/exit_code.hpp"
#include "config/load_config.hpp"

namespace pgmirror::agent {

/// `pgmirror run`: mirrors until SIGTERM or SIGINT. Blocks. Failures are logged, not thrown.
ExitCode run_command(const config::Flags& flags);

/// `pgmirror check-config`: what the configuration means, or everything that is wrong with it. Connects to no
/// server; reads the source's schema where there is a SQLite file.
ExitCode check_config_command(const config::Flags& flags);

}  // namespace pgmirror::agent
