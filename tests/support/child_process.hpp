#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgmirror::tests {

/// How a ChildProcess is started.
struct ProgramCall {
  std::vector<std::string> arguments;                ///< [0] is the program: a path, or a name looked up in PATH
  std::map<std::string, std::string> environment{};  ///< added to ours, or instead of it with `clean_environment`
  bool clean_environment = false;                    ///< keep only PATH, HOME and LANG of ours
  std::string user{};                                ///< run as this user, as root or by sudo; empty: as ourselves
  std::filesystem::path working_directory{};         ///< empty: ours
  std::filesystem::path output{};  ///< file for stdout and stderr; empty: one in a temporary directory
};

/// How a program ended.
struct ProgramEnd {
  int exit_code = 0;  ///< meaningless when a signal ended it
  int signal = 0;     ///< 0: it exited by itself
  bool operator==(const ProgramEnd&) const = default;
};
/// For failing tests: `exit code 1`, `signal 11`.
std::ostream& operator<<(std::ostream& out, const ProgramEnd& end);

/// A program run beside the test; it dies with the test process, however that ends.
///
/// Output of the program (stdout and stderr together, in order) goes to a file, so a chatty program never blocks. Safe
/// to start from any thread, used by one thread at a time. The destructor kills (SIGKILL) and reaps.
class ChildProcess {
 public:
  explicit ChildProcess(ProgramCall call);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void send(int signal);
  /// kill -9 and reap.
  void kill();
  /// SIGTERM, then wait() for at most `patience`; kills and throws when it has not ended by then.
  ProgramEnd terminate(std::chrono::milliseconds patience = std::chrono::seconds{30});
  /// Waits for the end; empty when it still runs after `patience`.
  std::optional<ProgramEnd> wait_for(std::chrono::milliseconds patience);
  /// Waits for the end; kills it and throws with its last output when it still runs after `patience`.
  ProgramEnd wait(std::chrono::milliseconds patience = std::chrono::seconds{60});
  /// Everything printed so far.
  std::string output() const;
  /// Waits until `text` was printed; throws with the last output when the program ends before or `patience` passes.
  void wait_for_output(const std::string& text, std::chrono::milliseconds patience = std::chrono::seconds{30});

 private:
  std::filesystem::path output_;
  bool owns_output_ = false;
  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::string name_;
  std::optional<ProgramEnd> end_{};
};

/// Runs a program to its end and returns it with everything it printed; throws when it takes longer than `patience`.
struct FinishedProgram {
  ProgramEnd end;
  std::string output;
};
FinishedProgram run_program(ProgramCall call, std::chrono::milliseconds patience = std::chrono::seconds{60});

}  // namespace pgmirror::tests
