#pragma once

#include "agent/exit_code.hpp"
#include "config/load_config.hpp"

namespace pgmirror::agent {

/// `pgmirror teardown`: removes slot and publications, or triggers and their log, from a PostgreSQL source, after
/// `yes`; without it says what would go. Needs the state directory's lock, so no agent may run: what is not captured
/// yet would be lost. Mirrors and the state directory are left alone.
ExitCode teardown_command(const config::Flags& flags, bool yes);

}  // namespace pgmirror::agent
