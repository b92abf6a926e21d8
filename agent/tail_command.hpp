#pragma once

#include <string>

#include "agent/exit_code.hpp"
#include "config/load_config.hpp"

namespace pgmirror::agent {

struct TailOptions {
  bool follow = false;
  bool values = false;
  std::string from;  ///< position; empty: everything still held, or what comes from now on when following
};

/// `pgmirror tail`: prints the committed transactions of the queue. The running agent reads them, because opening the
/// queue beside it would need its lock. Throws NoAgent.
ExitCode tail_command(const config::Flags& flags, const TailOptions& options);

}  // namespace pgmirror::agent
