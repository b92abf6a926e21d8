#include "capture/sqlite/page_cache.hpp"

#include <algorithm>
#include <utility>

namespace pgmirror::capture::sqlite {

PageCache::PageCache(std::size_t page_size, std::size_t bytes)
    : page_size_(page_size), bound_(std::max<std::size_t>(bytes / page_size, 16)) {}

std::span<std::byte> PageCache::bytes(std::size_t slot) { return contents_[slot]; }

std::span<std::byte> PageCache::find(PageNumber number) {
  const auto found = index_.find(number);
  if (found == index_.end()) return {};
  slots_[found->second].recent = true;
  return bytes(found->second);
}

bool PageCache::is_dirty(PageNumber number) const {
  const auto found = index_.find(number);
  return found != index_.end() && slots_[found->second].dirty;
}

std::size_t PageCache::slot_for_new_page() {
  if (!free_.empty()) {
    const std::size_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  if (slots_.size() >= bound_ && dirty_count_ < slots_.size()) {
    // Clock: a page that was used since the hand passed gets one more round; two rounds find a clean one.
    for (std::size_t tried = 0; tried < 2 * slots_.size(); ++tried) {
      hand_ = (hand_ + 1) % slots_.size();
      Slot& slot = slots_[hand_];
      if (slot.dirty) continue;
      if (!std::exchange(slot.recent, false)) {
        index_.erase(slot.number);
        return hand_;
      }
    }
  }
  slots_.emplace_back();
  contents_.emplace_back(page_size_);
  return slots_.size() - 1;
}

std::span<std::byte> PageCache::insert(PageNumber number) {
  const auto found = index_.find(number);
  if (found != index_.end()) return bytes(found->second);
  const std::size_t slot = slot_for_new_page();
  slots_[slot] = Slot{.number = number, .dirty = false, .recent = true};
  index_[number] = slot;
  return bytes(slot);
}

void PageCache::mark_dirty(PageNumber number) {
  Slot& slot = slots_[index_.at(number)];
  if (!std::exchange(slot.dirty, true)) ++dirty_count_;
}

void PageCache::erase(PageNumber number) {
  const auto found = index_.find(number);
  if (found == index_.end()) return;
  Slot& slot = slots_[found->second];
  if (slot.dirty) --dirty_count_;
  slot = Slot{};
  free_.push_back(found->second);
  index_.erase(found);
}

void PageCache::clean(const std::function<void(PageNumber, std::span<const std::byte>)>& write) {
  std::vector<std::pair<PageNumber, std::size_t>> dirty;
  dirty.reserve(dirty_count_);
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].dirty) dirty.emplace_back(slots_[slot].number, slot);
  }
  std::sort(dirty.begin(), dirty.end());
  for (const auto& [number, slot] : dirty) {
    write(number, bytes(slot));
    slots_[slot].dirty = false;
  }
  dirty_count_ = 0;
}

}  // namespace pgmirror::capture::sqlite
