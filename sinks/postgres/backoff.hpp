#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace pgmirror::sinks::postgres {

/// Delays between attempts: exponential, with jitter so that many agents do not come back at once, capped.
class Backoff {
 public:
  static constexpr std::chrono::milliseconds first{200};
  static constexpr std::chrono::milliseconds longest{60'000};

  explicit Backoff(std::uint64_t seed) : random_(seed) {}

  /// The delay before the next attempt: between half and the whole of 200 ms, 400 ms, ... 60 s.
  std::chrono::milliseconds next() {
    const auto whole = current_;
    current_ = std::min(current_ * 2, longest);
    return spread(whole);
  }
  /// The longest delay at once, for failures that trying harms.
  std::chrono::milliseconds slow() {
    current_ = longest;
    return spread(longest);
  }
  void reset() { current_ = first; }

 private:
  std::chrono::milliseconds spread(std::chrono::milliseconds whole) {
    std::uniform_int_distribution<std::chrono::milliseconds::rep> jitter(whole.count() / 2, whole.count());
    return std::chrono::milliseconds(jitter(random_));
  }

  std::minstd_rand random_;
  std::chrono::milliseconds current_ = first;
};

}  // namespace pgmirror::sinks::postgres
