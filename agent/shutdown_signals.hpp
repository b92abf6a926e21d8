#pragma once

#include <stop_token>
#include <thread>

namespace pgmirror::agent {

/// SIGTERM and SIGINT ask for an orderly end, which gets seven seconds; a second one ends the process at once.
///
/// Make it before any other thread: threads started later inherit that these signals are blocked, so that only the
/// watching thread sees them.
class ShutdownSignals {
 public:
  ShutdownSignals();
  ~ShutdownSignals();
  ShutdownSignals(const ShutdownSignals&) = delete;
  ShutdownSignals& operator=(const ShutdownSignals&) = delete;

  std::stop_token token() const { return shutdown_.get_token(); }
  /// As if a signal had come.
  void request() { shutdown_.request_stop(); }

 private:
  void watch(std::stop_token ending);

  std::stop_source shutdown_;
  std::jthread watcher_;
};

}  // namespace pgmirror::agent
