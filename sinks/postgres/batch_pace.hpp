#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace pgmirror::sinks::postgres {

/// When a batch that is not full goes: soon after the last one while little comes, later the faster changes come.
///
/// A batch costs the mirror as much as some hundred rows, whatever is in it. While there is little to do that is
/// nothing, and whoever waits for a row sees it at once; with much to do the processors are needed elsewhere.
class BatchPace {
 public:
  using Clock = std::chrono::steady_clock;

  void sent(std::uint64_t changes, Clock::time_point now) {
    const double passed = std::max(1.0, std::chrono::duration<double, std::milli>(now - last_).count());
    const double rate = static_cast<double>(changes) / passed;
    const double wanted = std::clamp(rate * rate * interval_by_square, shortest, longest);
    // Half of what it was: one burst says little.
    interval_ = (interval_ + wanted) / 2;
    last_ = now;
  }
  Clock::time_point due() const {
    return last_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(interval_));
  }

 private:
  static constexpr double shortest = 2;  ///< milliseconds
  static constexpr double longest = 20;
  /// Of the changes that come in a millisecond: 6 are still seen soon, 16 are what keeps two processors busy.
  static constexpr double interval_by_square = 0.08;

  double interval_ = shortest;
  Clock::time_point last_{};
};

}  // namespace pgmirror::sinks::postgres
