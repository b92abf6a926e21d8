#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>

namespace pgmirror::sinks::postgres {

/// Keeps somebody who reads much to so many bytes a second on the average. One thread.
class ReadingPace {
 public:
  /// Zero: no limit.
  explicit ReadingPace(std::uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  /// So many bytes have been read: blocks until more may be, or until `stop`.
  void read(std::uint64_t bytes, const std::stop_token& stop);

 private:
  std::uint64_t bytes_per_second_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace pgmirror::sinks::postgres
