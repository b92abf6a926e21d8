#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sinks/postgres/mirror_status.hpp"

namespace pgmirror::sinks::postgres {

/// How far the copy of one table is, for people: at most one log line a second, and the status if there is one. One
/// thread.
class CopyProgress {
 public:
  using Clock = std::chrono::steady_clock;

  /// `expected` rows, none where nobody has counted. `board` may be null and outlives the object.
  CopyProgress(std::string table, std::optional<std::uint64_t> expected, StatusBoard* board = nullptr,
               Clock::time_point start = Clock::now());

  void add(std::uint64_t rows, Clock::time_point now = Clock::now());
  /// `users 120000/480000 rows (25 %), 92k rows/s, 4 s left`
  std::string line(Clock::time_point now) const;

 private:
  CopyStatus status(Clock::time_point now) const;
  void publish(Clock::time_point now) const;

  std::string table_;
  std::optional<std::uint64_t> expected_;
  StatusBoard* board_;
  Clock::time_point start_;
  Clock::time_point last_line_;
  Clock::time_point last_published_;
  std::uint64_t rows_ = 0;
};

/// Shows on the board which tables wait for being copied, and that nothing is copied any more when it ends.
class CopyList {
 public:
  /// `board` may be null and outlives the object.
  CopyList(StatusBoard* board, std::vector<std::string> tables);
  ~CopyList();
  CopyList(const CopyList&) = delete;
  CopyList& operator=(const CopyList&) = delete;

  /// Its turn has come.
  void begin(const std::string& table);

 private:
  void publish(const std::string& table) const;

  StatusBoard* board_;
  std::vector<std::string> waiting_;
};

}  // namespace pgmirror::sinks::postgres
