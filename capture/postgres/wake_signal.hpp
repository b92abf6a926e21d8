#pragma once

namespace pgmirror::capture::postgres {

/// Ends a poll() of another thread: an eventfd.
class WakeSignal {
 public:
  /// Throws std::system_error.
  WakeSignal();
  ~WakeSignal();
  WakeSignal(const WakeSignal&) = delete;
  WakeSignal& operator=(const WakeSignal&) = delete;

  /// Any thread; never blocks. What is raised twice before it is taken counts once.
  void raise();
  void take();
  /// Readable while raised.
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace pgmirror::capture::postgres
