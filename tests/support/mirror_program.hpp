#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "tests/support/child_process.hpp"

namespace pgmirror::tests {

/// The pgmirror program as a user runs it: configured by environment variables only, one store (a SQLite file or a
/// PostgreSQL database), one mirror, one state directory.
///
/// Output of all runs is gathered in one log. One thread at a time, but for command(), which may go on beside it.
class MirrorProgram {
 public:
  MirrorProgram(const std::filesystem::path& store, const config::ConnectionSettings& mirror,
                const std::filesystem::path& state_directory);
  MirrorProgram(const config::ConnectionSettings& source, const config::ConnectionSettings& mirror,
                const std::filesystem::path& state_directory);

  /// Holds for what is started from now on: MIRROR_EXCLUDE_TABLES and the like.
  void set(const std::string& variable, const std::string& value) { environment_[variable] = value; }
  void set_mirror(const config::ConnectionSettings& mirror);

  /// `pgmirror run`; does not wait for anything.
  void start();
  /// SIGTERM; returns how it ended.
  ProgramEnd stop();
  /// kill -9.
  void kill();
  /// Waits for it to end by itself.
  ProgramEnd wait(std::chrono::milliseconds patience);
  bool running() const { return agent_ != nullptr && agent_->running(); }
  /// `running`, or how it ended.
  std::string fate() const;
  pid_t pid() const { return agent_->pid(); }
  /// Another command (`{"verify"}`) with the same environment, run to its end.
  FinishedProgram command(const std::vector<std::string>& arguments) const;
  /// Everything `pgmirror run` has printed.
  std::string log() const;

 private:
  ProgramCall call(const std::vector<std::string>& arguments) const;

  std::map<std::string, std::string> environment_;
  std::filesystem::path log_;
  std::unique_ptr<ChildProcess> agent_;
};

}  // namespace pgmirror::tests
