#pragma once

#include "agent/exit_code.hpp"
#include "config/load_config.hpp"

namespace pgmirror::agent::doctor {

struct DoctorOptions {
  bool json = false;
  bool print_sql = false;
};

/// `pgmirror doctor`: looks at the configuration, the source, the state directory, every mirror and the tables; writes
/// nothing. Ends with failure when it found an error. Throws config::ConfigError.
ExitCode doctor_command(const config::Flags& flags, const DoctorOptions& options);

}  // namespace pgmirror::agent::doctor
