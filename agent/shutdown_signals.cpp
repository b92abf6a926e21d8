#include "agent/shutdown_signals.hpp"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <ctime>

namespace pgmirror::agent {

namespace {

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
  pthread_kill(watcher_.native_handle(), SIGTERM);
}

void ShutdownSignals::watch(std::stop_token ending) {
  const sigset_t signals = watched_signals();
  for (int number = 0; sigwait(&signals, &number) == 0;) {
    if (ending.stop_requested()) return;
    if (shutdown_.stop_requested()) {
      spdlog::warn("[DatabaseMirror] Second signal: ending at once");
      _exit(128 + number);
    }
    spdlog::info("[DatabaseMirror] Ending: what is in flight is finished first");
    shutdown_.request_stop();
  }
}

}  // namespace pgmirror::agent
