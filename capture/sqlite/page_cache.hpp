#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "capture/sqlite/page_image.hpp"

namespace pgmirror::capture::sqlite {

/// A bounded number of pages in memory. A page is dirty when its content is not yet in the page file; dirty pages are
/// never evicted. Not thread-safe.
class PageCache {
 public:
  PageCache(std::size_t page_size, std::size_t bytes);

  /// The page's bytes, empty when it is not here. Valid until the next insert().
  std::span<std::byte> find(PageNumber number);
  bool is_dirty(PageNumber number) const;
  /// Makes room for the page and gives its bytes, content undefined. Evicts a clean page when full; grows beyond the
  /// bound when all are dirty.
  std::span<std::byte> insert(PageNumber number);
  void mark_dirty(PageNumber number);
  void erase(PageNumber number);

  std::size_t dirty_count() const { return dirty_count_; }
  /// Calls `write` for each dirty page in ascending order and makes them clean.
  void clean(const std::function<void(PageNumber, std::span<const std::byte>)>& write);

 private:
  struct Slot {
    PageNumber number = 0;  ///< 0: free
    bool dirty = false;
    bool recent = false;
  };

  std::size_t slot_for_new_page();
  std::span<std::byte> bytes(std::size_t slot);

  std::size_t page_size_;
  std::size_t bound_;
  std::vector<Slot> slots_;
  std::vector<std::vector<std::byte>> contents_;
  std::vector<std::size_t> free_;
  std::unordered_map<PageNumber, std::size_t> index_;
  std::size_t hand_ = 0;
  std::size_t dirty_count_ = 0;
};

}  // namespace pgmirror::capture::sqlite
