#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace pgmirror::sinks::postgres {

/// How far the copy of one table is, for people: at most one log line a second. One thread.
class CopyProgress {
 public:
  using Clock = std::chrono::steady_clock;

  /// `expected` rows, none where nobody has counted.
  CopyProgress(std::string table, std::optional<std::uint64_t> expected, Clock::time_point start = Clock::now());

  void add(std::uint64_t rows, Clock::time_point now = Clock::now());
  /// `users 120000/480000 rows (25 %), 92k rows/s, 4 s left`
  std::string line(Clock::time_point now) const;

 private:
  std::string table_;
  std::optional<std::uint64_t> expected_;
  Clock::time_point start_;
  Clock::time_point last_line_;
  std::uint64_t rows_ = 0;
};

}  // namespace pgmirror::sinks::postgres
