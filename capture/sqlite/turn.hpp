#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace pgmirror::capture::sqlite {

/// A lock that is given in the order of asking: whoever takes it again and again does not starve the others.
class Turn {
 public:
  void lock() {
    std::unique_lock lock(mutex_);
    const std::uint64_t ticket = next_++;
    served_.wait(lock, [&] { return ticket == now_; });
  }
  void unlock() {
    const std::lock_guard lock(mutex_);
    ++now_;
    served_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable served_;
  std::uint64_t next_ = 0;
  std::uint64_t now_ = 0;
};

}  // namespace pgmirror::capture::sqlite
