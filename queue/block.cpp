#include "queue/block.hpp"

namespace pgmirror::queue {

std::shared_ptr<Block> BlockPool::take() {
  std::unique_ptr<Block> block;
  {
    const std::lock_guard lock(mutex_);
    if (!spare_.empty()) {
      block = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  if (!block) block = std::make_unique<Block>();
  block->cells.clear();
  return {block.release(),
          [pool = shared_from_this()](Block* dropped) { pool->give_back(std::unique_ptr<Block>(dropped)); }};
}

void BlockPool::give_back(std::unique_ptr<Block> block) {
  if (block->stored.capacity() + block->raw.capacity() > most_spare_bytes) return;
  const std::lock_guard lock(mutex_);
  if (spare_.size() < most_spare) spare_.push_back(std::move(block));
}

}  // namespace pgmirror::queue
