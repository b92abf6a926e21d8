#include "queue/segment_chain.hpp"

#include "queue/damage.hpp"

namespace pgmirror::queue {

void SegmentChain::add(const SegmentReader& segment, std::uint64_t sequence) {
  const auto& header = segment.header();
  if (header.sequence != sequence) {
    throw Damage(segment.path(), 40, "by its header the segment is number " + std::to_string(header.sequence));
  }
  if (last_) {
    const auto next = last_->sequence + 1;
    if (sequence != next) throw Damage(directory_ / segment_file_name(next), 0, "the segment is missing");
    if (header.queue != last_->queue) throw Damage(segment.path(), 24, "the segment belongs to another queue");
    if (header.previous_seal != seal_) {
      throw Damage(segment.path(), 48, "the segment does not continue the one before it");
    }
  }
  last_ = header;
}

}  // namespace pgmirror::queue
