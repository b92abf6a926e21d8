#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sinks/postgres/mirror_status.hpp"

namespace pgmirror::sinks::postgres {

/// Tables that are copied one after the other or beside each other. Shows on the board, if there is one, which of them
/// wait and how far all of them are, and that nothing is copied any more when it ends. One thread.
class CopyList {
 public:
  using Clock = std::chrono::steady_clock;

  struct Table {
    std::string name;
    std::optional<std::uint64_t> expected;  ///< rows; none where nobody has counted
  };

  /// `board` may be null and outlives the object.
  CopyList(StatusBoard* board, const std::vector<Table>& tables, Clock::time_point start = Clock::now());
  ~CopyList();
  CopyList(const CopyList&) = delete;
  CopyList& operator=(const CopyList&) = delete;

  /// Its turn has come.
  void begin(const std::string& table, Clock::time_point now = Clock::now());
  /// Of whichever table.
  void add(std::uint64_t rows) { rows_ += rows; }

  std::size_t tables() const { return tables_; }
  CopyAmount amount(Clock::time_point now) const;
  void publish(const std::string& table, const CopyAmount& of_table, Clock::time_point now) const;

 private:
  StatusBoard* board_;
  std::vector<std::string> waiting_;
  const std::size_t tables_;
  std::optional<std::uint64_t> expected_;
  Clock::time_point start_;
  std::uint64_t rows_ = 0;
};

/// How far the copy of one table of a list is, for people: at most one log line a second, and the board. One thread.
class CopyProgress {
 public:
  using Clock = CopyList::Clock;

  /// A table whose turn has come: CopyList::begin(). `expected` rows, none where nobody has counted. `list` outlives
  /// the object.
  CopyProgress(CopyList& list, std::string table, std::optional<std::uint64_t> expected,
               Clock::time_point start = Clock::now());

  void add(std::uint64_t rows, Clock::time_point now = Clock::now());
  /// `users 120000/480000 rows (25 %), 92k rows/s, 4 s left; of 3 tables 20 %, 9 s left`
  std::string line(Clock::time_point now) const;

 private:
  CopyAmount amount(Clock::time_point now) const;

  CopyList& list_;
  const std::string table_;
  const std::optional<std::uint64_t> expected_;
  const Clock::time_point start_;
  Clock::time_point last_line_;
  Clock::time_point last_published_;
  std::uint64_t rows_ = 0;
};

}  // namespace pgmirror::sinks::postgres
