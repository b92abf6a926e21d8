#pragma once

#include "agent/exit_code.hpp"

namespace pgmirror::agent {

/// Parses the arguments, runs the command that they name and gives the process's exit code. Prints what goes wrong.
ExitCode run_command_line(int argc, const char* const* argv);

}  // namespace pgmirror::agent
