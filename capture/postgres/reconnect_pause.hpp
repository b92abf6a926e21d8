#pragma once

#include <chrono>
#include <random>
#include <stop_token>

namespace pgmirror::capture::postgres {

/// How long to wait before the next attempt to reach the source: doubling from a tenth of a second to a quarter of a
/// minute, each time with some chance in it so that many agents do not come back at once.
class ReconnectPause {
 public:
  /// Blocks; ends early when `stop` is requested.
  void wait(const std::stop_token& stop);
  void reset() { next_ = shortest; }

 private:
  static constexpr std::chrono::milliseconds shortest{100};
  static constexpr std::chrono::milliseconds longest{15'000};
  std::chrono::milliseconds next_ = shortest;
  std::minstd_rand chance_{std::random_device{}()};
};

}  // namespace pgmirror::capture::postgres
