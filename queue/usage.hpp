#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "change/transaction.hpp"

namespace pgmirror::queue {

struct Usage {
  std::uint64_t bytes = 0;
  std::uint64_t budget_bytes = 0;
  std::size_t segments = 0;
  std::optional<change::CommitTime> oldest_commit;                     ///< of the first commit still held
  std::optional<std::chrono::system_clock::time_point> blocked_since;  ///< begin() waits for the budget
};

/// What a reader at some position has before it.
struct Backlog {
  std::uint64_t transactions = 0;
  std::uint64_t changes = 0;
  std::uint64_t bytes = 0;  ///< on disk
  std::optional<change::CommitTime> oldest_commit;
};

}  // namespace pgmirror::queue
