#pragma once

#include <algorithm>

#include "sinks/postgres/batch_collector.hpp"

namespace pgmirror::sinks::postgres {

/// How much goes into a batch: little at first, so that rows are seen soon, more as long as more is waiting behind it.
///
/// Large batches touch a page of the mirror once where small ones touch it again and again, and changes of one row
/// become one; they take memory.
class BatchGrowth {
 public:
  /// `waiting`: the batch that is sent was full, and more is in the queue.
  void sent(bool waiting) {
    far_behind_ = waiting && factor_ == most;
    factor_ = waiting ? std::min(2 * factor_, most) : 1;
  }
  /// One of the largest batches was full, and more is waiting.
  bool far_behind() const { return far_behind_; }
  void limit(BatchLimits& limits) const {
    limits.changes *= factor_;
    limits.bytes = std::min(limits.bytes * factor_, most_bytes);
  }

 private:
  static constexpr unsigned most = 8;
  static constexpr std::size_t most_bytes = std::size_t{16} << 20U;
  unsigned factor_ = 1;
  bool far_behind_ = false;
};

}  // namespace pgmirror::sinks::postgres
