#pragma once

#include <vector>

#include "capture/sqlite/page_image.hpp"

namespace pgmirror::capture::sqlite {

/// An image whose pages are mostly read in ascending order, as the leaves of a whole tree are: fetches several at once.
///
/// `image` must outlive it and stay as it is. One thread.
class ReadAhead : public PageImage {
 public:
  explicit ReadAhead(const PageImage& image) : image_(image) {}

  std::size_t page_size() const override { return image_.page_size(); }
  PageNumber page_count() const override { return image_.page_count(); }
  void read(PageNumber number, std::span<std::byte> out) const override;

 private:
  const PageImage& image_;
  mutable PageNumber last_ = 0;
  mutable PageNumber first_ = 0;  ///< of those fetched
  mutable std::vector<std::byte> fetched_;
};

}  // namespace pgmirror::capture::sqlite
