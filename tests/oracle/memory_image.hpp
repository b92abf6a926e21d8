#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "capture/sqlite/page_image.hpp"

namespace pgmirror::tests {

/// All pages of a database in memory; copies share their pages.
class MemoryImage final : public capture::sqlite::PageImage {
 public:
  explicit MemoryImage(std::size_t page_size) : page_size_(page_size) {}
  std::size_t page_size() const override { return page_size_; }
  capture::sqlite::PageNumber page_count() const override {
    return static_cast<capture::sqlite::PageNumber>(pages_.size());
  }
  void read(capture::sqlite::PageNumber number, std::span<std::byte> out) const override {
    std::ranges::copy(*pages_.at(number - 1), out.begin());
  }
  void resize(std::size_t page_count) { pages_.resize(page_count); }
  void set(capture::sqlite::PageNumber number, std::vector<std::byte> page) {
    if (number > pages_.size()) pages_.resize(number);
    pages_[number - 1] = std::make_shared<const std::vector<std::byte>>(std::move(page));
  }
  const std::vector<std::byte>& page(capture::sqlite::PageNumber number) const { return *pages_.at(number - 1); }

 private:
  std::size_t page_size_;
  std::vector<std::shared_ptr<const std::vector<std::byte>>> pages_;
};

}  // namespace pgmirror::tests
