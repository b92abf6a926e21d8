#pragma once

#include "agent/exit_code.hpp"
#include "config/load_config.hpp"

namespace pgmirror::agent {

struct StatusOptions {
  bool json = false;
  bool watch = false;  ///< once a second until SIGINT or SIGTERM
};

/// `pgmirror status`: asks the running agent; without one, says what state directory and mirrors tell by themselves,
/// and ends with temporary_failure.
ExitCode status_command(const config::Flags& flags, const StatusOptions& options);

/// `pgmirror health`: done when the running agent has no troubles, or when mirroring is disabled; else failure, with a
/// line for each trouble.
ExitCode health_command(const config::Flags& flags);

}  // namespace pgmirror::agent
