#pragma once

#include <cstdint>

#include "queue/seal.hpp"

namespace pgmirror::queue {

/// A segment as everybody may know it: of its content only what is durable.
struct SegmentInfo {
  std::uint64_t sequence = 0;
  change::Position after;
  change::CommitTime after_time{};
  change::Position last;
  change::CommitTime last_time{};
  SegmentTotals totals;
  std::uint64_t end = 0;  ///< offset behind the last announced block
  std::uint64_t file_bytes = 0;
  bool sealed = false;
  bool open_at_end = false;  ///< once sealed: a transaction goes on in the next segment
};

}  // namespace pgmirror::queue
