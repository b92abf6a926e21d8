#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>

#include "capture/postgres/backlog_steps.hpp"

namespace pgmirror::capture::postgres {

/// Whose copy comes next, where two read a backlog: what one of them has asked for is taken whole before what lies
/// behind it. Any thread.
class BacklogTurns {
 public:
  enum class Reader : std::uint8_t { first, second };

  /// The next copy in the order of the log is this one's; it may be there or on its way.
  void add(Reader reader);
  /// There are no more.
  void end();

  /// Blocks for at most `timeout` until it is known; nothing when it was not, or when there are no more.
  std::optional<Reader> wait(const std::stop_token& stop, std::chrono::milliseconds timeout);
  /// All of that copy was taken.
  void taken();
  /// There are no more, and all were taken.
  bool ended() const;

  /// What the second one is to read, from the middle on.
  void hand_over(const BacklogSplit& split);
  /// Blocks until there is something; nothing: there will be no more.
  std::optional<BacklogSplit> wait_for_split();

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Reader> order_;
  std::deque<BacklogSplit> splits_;
  bool ended_ = false;
};

}  // namespace pgmirror::capture::postgres
