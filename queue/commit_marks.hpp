#pragma once

#include <span>
#include <vector>

#include "queue/segment_info.hpp"
#include "queue/segment_scan.hpp"
#include "queue/usage.hpp"

namespace pgmirror::queue {

/// Where commits lie in the newest segment, for estimates that need no file.
class CommitMarks {
 public:
  /// Forgets what it knows about another segment.
  void add(std::uint64_t segment, std::span<const BlockSummary> blocks);

  /// Adds to `backlog` what of `segment` lies after `after`: by its marks, or for segments without marks as if commits
  /// were spread evenly.
  void estimate(Backlog& backlog, const SegmentInfo& segment, change::Position after) const;

 private:
  struct Mark {
    change::Position first;
    change::Position last;
    change::CommitTime first_time;
    change::CommitTime last_time;
    // From the start of the segment through this block.
    std::uint64_t commits = 0;
    std::uint64_t changes = 0;
    std::uint64_t end = 0;
  };

  std::uint64_t segment_ = 0;
  std::vector<Mark> marks_;
};

}  // namespace pgmirror::queue
