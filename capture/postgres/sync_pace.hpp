#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace pgmirror::capture::postgres {

/// When the commits of a stream are synced: at once while they are few, together when many come, so that neither the
/// disk nor whoever waits for the queue is busy with each of them. One thread.
class SyncPace {
 public:
  using Clock = std::chrono::steady_clock;

  /// `commits`: written since the last sync. `more_waits`: more can be read without waiting.
  bool due(std::uint64_t commits, bool more_waits, Clock::time_point now) const {
    if (commits == 0) return false;
    return now - last_ >= longest_group || (!more_waits && rate_ < many);
  }
  /// How long to wait for more before asking due() again.
  std::chrono::milliseconds left(Clock::time_point now) const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(longest_group - (now - last_));
    return left > std::chrono::milliseconds{1} ? left : std::chrono::milliseconds{1};
  }
  void synced(std::uint64_t commits, Clock::time_point now) {
    // Commits come in bunches: a few within a millisecond are not yet many.
    const double passed = std::max(1.0, std::chrono::duration<double, std::milli>(now - last_).count());
    rate_ += (static_cast<double>(commits) / passed - rate_) * passed / (passed + memory);
    last_ = now;
  }

 private:
  static constexpr std::chrono::milliseconds longest_group{10};
  /// Commits in a millisecond from which on they wait for each other.
  static constexpr double many = 2;
  static constexpr double memory = 5;  ///< milliseconds
  double rate_ = 0;                    ///< commits in a millisecond, lately
  Clock::time_point last_{};
};

}  // namespace pgmirror::capture::postgres
