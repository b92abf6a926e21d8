#pragma once

namespace pgmirror::agent {

/// What the program tells its supervisor (sysexits.h where it has a number).
enum class ExitCode : int {
  done = 0,
  failure = 1,
  differences = 2,  ///< verify found some
  usage = 64,
  temporary_failure = 75,  ///< trying again later may help
  configuration = 78,
};

}  // namespace pgmirror::agent
