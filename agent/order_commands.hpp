#pragma once

#include <string>
#include <vector>

#include "agent/exit_code.hpp"
#include "config/load_config.hpp"

namespace pgmirror::agent {

/// `pgmirror pause [MIRROR]`, `resume [MIRROR]`: the running agent stops or goes on applying; without a name, to all
/// mirrors. A pause ends with the agent. Throws NoAgent.
ExitCode pause_command(const config::Flags& flags, const std::string& mirror);
ExitCode resume_command(const config::Flags& flags, const std::string& mirror);

struct ResyncOptions {
  std::vector<std::string> tables;
  bool all = false;
  std::string mirror;  ///< empty: every mirror
  bool yes =
      false;  ///< consent to move a queue or shadow aside that cannot be used; to a new slot in a PostgreSQL source
};

/// `pgmirror resync`: tables are copied again by the running agent. With `all` the mirrors become ours whatever they
/// followed before; without an agent that is left as an order for the next one, and state that it could not use is
/// moved aside, never deleted. Throws NoAgent.
ExitCode resync_command(const config::Flags& flags, const ResyncOptions& options);

}  // namespace pgmirror::agent
