#pragma once

#include "config/load_config.hpp"

namespace pgmirror::agent {

/// The configuration for a command whose standard output is its answer: nothing is logged there from then on. Throws
/// config::ConfigError, also when mirroring is disabled.
config::Config command_config(const config::Flags& flags);

}  // namespace pgmirror::agent
