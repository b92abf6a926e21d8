#pragma once

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "capture/sqlite/page_image.hpp"

namespace pgmirror::tests {

/// Pages in memory, and the changes of one random transaction: the model that the shadow is checked against.
class MemoryImage : public capture::sqlite::PageImage {
 public:
  using Page = std::vector<std::byte>;

  MemoryImage(std::size_t page_size, std::size_t pages) : page_size_(page_size), pages_(pages, Page(page_size)) {}

  std::size_t page_size() const override { return page_size_; }
  capture::sqlite::PageNumber page_count() const override {
    return static_cast<capture::sqlite::PageNumber>(pages_.size());
  }
  void read(capture::sqlite::PageNumber number, std::span<std::byte> out) const override {
    std::copy(pages_.at(number - 1).begin(), pages_.at(number - 1).end(), out.begin());
  }

  /// Changes up to `most` pages, a few bytes or all of them, sometimes with another page count; returns their numbers.
  std::vector<capture::sqlite::PageNumber> change(std::mt19937& random, std::size_t most) {
    std::set<capture::sqlite::PageNumber> changed;
    const auto below = [&](std::size_t bound) {
      return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
    };
    if (below(8) == 0 && pages_.size() > 4) pages_.resize(pages_.size() - below(3));
    for (std::size_t grow = below(8) == 0 ? below(4) : 0; grow > 0; --grow) {
      pages_.emplace_back(page_size_);
      changed.insert(page_count());
    }
    for (std::size_t count = 1 + below(most); count > 0; --count) {
      changed.insert(static_cast<capture::sqlite::PageNumber>(1 + below(pages_.size())));
    }
    for (const auto number : changed) {
      Page& page = pages_[number - 1];
      const std::size_t edits = below(10) == 0 ? page_size_ : 1 + below(6);
      for (std::size_t edit = 0; edit < edits; ++edit) page[below(page_size_)] = std::byte(below(256));
    }
    return {changed.begin(), changed.end()};
  }

  /// Changes `count` neighbouring bytes of each of `pages`, as a row does.
  std::vector<capture::sqlite::PageNumber> change_bytes(std::mt19937& random,
                                                        std::vector<capture::sqlite::PageNumber> pages,
                                                        std::size_t count) {
    for (const auto number : pages) {
      const std::size_t start = random() % (page_size_ - count);
      for (std::size_t byte = start; byte < start + count; ++byte) pages_[number - 1][byte] = std::byte(random() % 256);
    }
    return pages;
  }

 private:
  std::size_t page_size_;
  std::vector<Page> pages_;
};

inline bool same_pages(const capture::sqlite::PageImage& left, const capture::sqlite::PageImage& right) {
  if (left.page_size() != right.page_size() || left.page_count() != right.page_count()) return false;
  std::vector<std::byte> left_page(left.page_size());
  std::vector<std::byte> right_page(right.page_size());
  for (capture::sqlite::PageNumber number = 1; number <= left.page_count(); ++number) {
    left.read(number, left_page);
    right.read(number, right_page);
    if (left_page != right_page) return false;
  }
  return true;
}

}  // namespace pgmirror::tests
