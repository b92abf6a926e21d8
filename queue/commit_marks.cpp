#include "queue/commit_marks.hpp"

#include <algorithm>
#include <cmath>

namespace pgmirror::queue {
namespace {

// How much of (first..last) lies after `after`, from 0 to 1.
double part_after(change::Position first, change::Position last, change::Position after) {
  if (after < first) return 1.0;
  return static_cast<double>(last.value - after.value) / static_cast<double>(last.value - first.value + 1);
}

std::uint64_t part_of(std::uint64_t whole, double part) {
  return static_cast<std::uint64_t>(std::llround(static_cast<double>(whole) * part));
}

change::CommitTime time_between(change::CommitTime first, change::CommitTime last, double part_left) {
  const auto passed = static_cast<double>((last - first).count()) * (1.0 - part_left);
  return first + std::chrono::microseconds(std::llround(passed));
}

}  // namespace

void CommitMarks::add(std::uint64_t segment, std::span<const BlockSummary> blocks) {
  if (segment != segment_) {
    segment_ = segment;
    marks_.clear();
  }
  for (const auto& [header, end] : blocks) {
    if (header.commits == 0) continue;
    Mark mark{header.first, header.last, header.first_time, header.last_time, header.commits, header.changes, end};
    if (!marks_.empty()) {
      mark.commits += marks_.back().commits;
      mark.changes += marks_.back().changes;
    }
    marks_.push_back(mark);
  }
}

void CommitMarks::estimate(Backlog& backlog, const SegmentInfo& segment, change::Position after) const {
  if (segment.last <= after || segment.totals.commits == 0) return;
  Mark before{};
  Mark block{segment.totals.first,   segment.last, segment.totals.first_time, segment.last_time, segment.totals.commits,
             segment.totals.changes, segment.end};
  Mark whole = block;
  if (segment.sequence == segment_ && !marks_.empty()) {
    const auto found = std::ranges::upper_bound(marks_, after, {}, &Mark::last);
    block = *found;
    if (found != marks_.begin()) before = *(found - 1);
    whole = marks_.back();
  }
  const double part = part_after(block.first, block.last, after);
  backlog.transactions += whole.commits - block.commits + part_of(block.commits - before.commits, part);
  backlog.changes += whole.changes - block.changes + part_of(block.changes - before.changes, part);
  backlog.bytes += whole.end - block.end + part_of(block.end - before.end, part);
  if (!backlog.oldest_commit) backlog.oldest_commit = time_between(block.first_time, block.last_time, part);
}

}  // namespace pgmirror::queue
