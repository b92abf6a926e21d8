#pragma once

#include <cstdint>

#include "change/position.hpp"
#include "queue/block_header.hpp"

namespace pgmirror::queue {

/// How far a reader of the queue goes.
enum class Reach : std::uint8_t {
  durable,  ///< to the last commit that a crash cannot take back
  written,  ///< to the end of what the writer has written so far
};

/// A transaction without its commit that has outgrown its first block.
struct GrowingTransaction {
  BlockPlace began;                ///< the block that holds its beginning, behind the last begin record there
  change::Position after;          ///< the commit before it
  std::uint64_t bytes = 0;         ///< of records so far, at least
  std::uint64_t abandonments = 0;  ///< of other transactions until now: one more, and it is gone
};

}  // namespace pgmirror::queue
