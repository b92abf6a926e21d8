#include "tests/support/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ostream>
#include <stdexcept>
#include <system_error>

#include "tests/support/file_text.hpp"
#include "tests/support/lasting_thread.hpp"

extern char** environ;

namespace pgmirror::tests {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<std::string> environment_lines(const ProgramCall& call) {
  std::map<std::string, std::string> variables;
  for (char** line = environ; *line != nullptr; ++line) {
    const std::string text = *line;
    const auto equals = text.find('=');
    const auto name = text.substr(0, equals);
    if (call.clean_environment && name != "PATH" && name != "HOME" && name != "LANG") continue;
    variables[name] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : call.environment) variables[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : variables) lines.push_back(name + "=" + value);
  return lines;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

struct Account {
  bool given = false;
  uid_t user = 0;
  gid_t group = 0;
};

Account account_of(const std::string& name) {
  if (name.empty() || ::geteuid() != 0) return {};
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry == nullptr) throw std::runtime_error("user " + name + " does not exist");
  return {true, entry->pw_uid, entry->pw_gid};
}

/// Where we are not root ourselves, sudo changes the user; it would keep the environment to itself.
void go_through_sudo(std::vector<std::string>& arguments, const std::string& user,
                     const std::vector<std::string>& environment) {
  std::vector<std::string> call{"sudo", "-n", "-u", user, "env", "-i"};
  call.insert(call.end(), environment.begin(), environment.end());
  arguments.insert(arguments.begin(), call.begin(), call.end());
}

/// Everything the child needs, prepared before the fork: afterwards only async-signal-safe calls are allowed.
struct Prepared {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  const char* directory;
  Account account;
  int output;
  pid_t parent;
};

[[noreturn]] void become_program(const Prepared& prepared) {
  ::dup2(prepared.output, STDOUT_FILENO);
  ::dup2(prepared.output, STDERR_FILENO);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::close_range(3, ~0U, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const auto& account = prepared.account;
  if (account.given &&
      (::setgroups(1, &account.group) != 0 || ::setgid(account.group) != 0 || ::setuid(account.user) != 0))
    ::_exit(126);
  // After setuid, which clears it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != prepared.parent) ::_exit(126);
  if (prepared.directory != nullptr && ::chdir(prepared.directory) != 0) ::_exit(126);
  ::execvpe(prepared.arguments[0], prepared.arguments.data(), prepared.environment.data());
  ::_exit(127);
}

std::string last_lines(const std::string& text) { return text.size() > 4000 ? text.substr(text.size() - 4000) : text; }

}  // namespace

std::ostream& operator<<(std::ostream& out, const ProgramEnd& end) {
  return end.signal == 0 ? out << "exit code " << end.exit_code : out << "signal " << end.signal;
}

ChildProcess::ChildProcess(ProgramCall call) : output_(call.output), name_(call.arguments.at(0)) {
  const auto account = account_of(call.user);
  int output = -1;
  if (output_.empty()) {
    std::string name = "/tmp/pgmirror-test-" + std::to_string(::getpid()) + "-output-XXXXXX";
    output = ::mkostemp(name.data(), O_CLOEXEC | O_APPEND);
    output_ = name;
    owns_output_ = true;
  } else {
    output = ::open(output_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }
  if (output < 0) throw std::system_error(errno, std::generic_category(), "cannot open " + output_.string());

  auto environment = environment_lines(call);
  if (!call.user.empty() && ::geteuid() != 0) go_through_sudo(call.arguments, call.user, environment);
  const Prepared prepared{pointers(call.arguments),
                          pointers(environment),
                          call.working_directory.empty() ? nullptr : call.working_directory.c_str(),
                          account,
                          output,
                          ::getpid()};
  on_lasting_thread([&] {
    pid_ = ::fork();
    if (pid_ == 0) become_program(prepared);
  });
  ::close(output);
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (pidfd_ < 0) throw std::system_error(errno, std::generic_category(), "pidfd_open");
}

ChildProcess::~ChildProcess() {
  if (!end_) kill();
  ::close(pidfd_);
  if (owns_output_) std::filesystem::remove(output_);
}

bool ChildProcess::running() { return !wait_for(std::chrono::milliseconds{0}); }

void ChildProcess::send(int signal) {
  if (!end_) ::kill(pid_, signal);
}

void ChildProcess::kill() {
  send(SIGKILL);
  wait();
}

ProgramEnd ChildProcess::terminate(std::chrono::milliseconds patience) {
  send(SIGTERM);
  return wait(patience);
}

std::optional<ProgramEnd> ChildProcess::wait_for(std::chrono::milliseconds patience) {
  if (end_) return end_;
  pollfd ended{pidfd_, POLLIN, 0};
  if (::poll(&ended, 1, static_cast<int>(patience.count())) <= 0) return std::nullopt;
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) throw std::system_error(errno, std::generic_category(), "waitpid");
  end_ = WIFEXITED(status) ? ProgramEnd{WEXITSTATUS(status), 0} : ProgramEnd{0, WTERMSIG(status)};
  return end_;
}

ProgramEnd ChildProcess::wait(std::chrono::milliseconds patience) {
  if (const auto end = wait_for(patience)) return *end;
  send(SIGKILL);
  wait_for(std::chrono::seconds{10});
  throw std::runtime_error(
      fmt::format("{} did not end within {} ms; it printed last:\n{}", name_, patience.count(), last_lines(output())));
}

std::string ChildProcess::output() const { return file_text(output_); }

void ChildProcess::wait_for_output(const std::string& text, std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  for (;;) {
    const bool ended = wait_for(std::chrono::milliseconds{20}).has_value();
    const auto printed = output();
    if (printed.find(text) != std::string::npos) return;
    if (ended || Clock::now() > deadline)
      throw std::runtime_error(fmt::format("{} {} without printing \"{}\"; it printed last:\n{}", name_,
                                           ended ? "ended" : "went on", text, last_lines(printed)));
  }
}

FinishedProgram run_program(ProgramCall call, std::chrono::milliseconds patience) {
  ChildProcess program(std::move(call));
  const auto end = program.wait(patience);
  return {end, program.output()};
}

}  // namespace pgmirror::tests
