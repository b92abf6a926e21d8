#include "queue/record_stream.hpp"

#include "queue/damage.hpp"

namespace pgmirror::queue {

void RecordStream::go_to(std::uint64_t segment) {
  block_.reset();
  relations_.forget_numbers();
  walk_.go_to(segment);
}

void RecordStream::load_through(std::uint64_t offset) {
  while (walk_.place().offset < offset) {
    const auto header = walk_.peek();
    if (!header) throw Damage(walk_.path(), walk_.place().offset, "a block is missing");
    if (!header->defines_relations) {
      walk_.skip(*header);
      continue;
    }
    load_in_segment();
    while (!records_.at_end()) records_.skip();
  }
  if (!load_in_segment()) throw Damage(walk_.path(), offset, "a block is missing");
}

bool RecordStream::load() {
  while (!load_in_segment()) {
    if (!walk_.next_segment()) return false;
    relations_.forget_numbers();
  }
  return true;
}

bool RecordStream::load_in_segment() {
  block_start_ = walk_.place().offset;
  auto block = walk_.read();
  if (!block) return false;
  block_ = std::move(block);
  records_.start(*block_);
  return true;
}

}  // namespace pgmirror::queue
