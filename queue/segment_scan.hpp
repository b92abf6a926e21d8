#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "queue/seal.hpp"
#include "queue/segment_reader.hpp"

namespace pgmirror::queue {

/// A block as the index remembers it.
struct BlockSummary {
  BlockHeader header;
  std::uint64_t end = 0;  ///< offset behind it
};

/// The whole blocks of a segment, and what follows them.
struct SegmentTail {
  SegmentReader::Place end;
  bool sealed = false;
  SegmentTotals totals;
  change::Position last;
  change::CommitTime last_time{};
  BlockPlace open;                    ///< where the transaction open at the end began; segment 0: none
  std::vector<BlockSummary> commits;  ///< the blocks that hold commits
};

constexpr std::uint64_t whole_segment = std::numeric_limits<std::uint64_t>::max();

/// Reads the blocks from the start that begin before offset `stop`, to the seal or to the first offset without a block.
/// Throws Damage if there should be one: a later block proves it, or `stop` was not reached.
SegmentTail scan_segment(const SegmentReader& segment, std::uint64_t stop = whole_segment);

/// How many bytes from `end` on until only zeros follow.
std::uint64_t bytes_before_zeros(const File& file, std::uint64_t end);

struct Seal {
  BlockHeader header;
  std::uint64_t offset = 0;
  SegmentTotals totals;
};

/// The seal at the end of the file. Throws Damage if there is none.
Seal read_seal(const SegmentReader& segment);

}  // namespace pgmirror::queue
