#include "agent/shutdown_signals.hpp"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>

namespace pgmirror::agent {

namespace {

/// Docker kills after ten seconds. Whatever is not finished by then is as safe as after a kill: nothing counts that the
/// mirror has not committed together with its checkpoint.
constexpr std::chrono::seconds longest_ending{7};

sigset_t watched_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

ShutdownSignals::ShutdownSignals() {
  const sigset_t signals = watched_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A broken pipe or connection is an error code where it happens, not the end of the process.
  signal(SIGPIPE, SIG_IGN);
  watcher_ = std::jthread([this](std::stop_token ending) { watch(ending); });
}

ShutdownSignals::~ShutdownSignals() {
  watcher_.request_stop();
  // It is waited for there, not taken: nothing is terminated.
  pthread_kill(watcher_.native_handle(), SIGTERM);  // NOLINT(bugprone-bad-signal-to-kill-thread)
}

void ShutdownSignals::watch(std::stop_token ending) {
  const sigset_t signals = watched_signals();
  int number = 0;
  sigwait(&signals, &number);
  if (ending.stop_requested()) return;
  spdlog::info("[DatabaseMirror] Ending: what is in flight is finished first");
  shutdown_.request_stop();

  const timespec longest{.tv_sec = longest_ending.count(), .tv_nsec = 0};
  do {
    number = sigtimedwait(&signals, nullptr, &longest);
  } while (number < 0 && errno == EINTR);
  if (ending.stop_requested()) return;
  if (number > 0) {
    spdlog::warn("[DatabaseMirror] Second signal: ending at once");
    _exit(128 + number);
  }
  spdlog::warn("[DatabaseMirror] Ended before everything in flight was finished; the next start goes on from there");
  _exit(0);
}

}  // namespace pgmirror::agent
