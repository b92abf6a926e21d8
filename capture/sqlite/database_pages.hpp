#pragma once

#include <cstddef>
#include <span>

#include "capture/sqlite/page_image.hpp"
#include "capture/sqlite/text_encoding.hpp"

namespace pgmirror::capture::sqlite {

/// What the first page says about all pages.
struct PageFormat {
  std::size_t page_size = 0;
  /// Page size without the bytes that an extension reserved at the end of each page.
  std::size_t usable_size = 0;
  TextEncoding encoding = TextEncoding::utf8;
  bool operator==(const PageFormat&) const = default;
};

/// Reads page 1. An image without pages (a file that was never written) has a format too. Throws DamagedPage when it is
/// not that of a database with the image's page size.
PageFormat read_page_format(const PageImage& image);

/// An image together with its format. The image must outlive this.
class DatabasePages {
 public:
  explicit DatabasePages(const PageImage& image) : DatabasePages(image, read_page_format(image)) {}
  /// For a format that is known already.
  DatabasePages(const PageImage& image, const PageFormat& format)
      : image_(&image), format_(format), page_count_(image.page_count()) {}

  std::size_t page_size() const { return format_.page_size; }
  std::size_t usable_size() const { return format_.usable_size; }
  PageNumber page_count() const { return page_count_; }
  TextEncoding encoding() const { return format_.encoding; }
  const PageFormat& format() const { return format_; }

  /// Copies a page into `out`, page_size() long. Throws DamagedPage when there is no such page.
  void read(PageNumber number, std::span<std::byte> out) const;

 private:
  const PageImage* image_;
  PageFormat format_;
  PageNumber page_count_;
};

}  // namespace pgmirror::capture::sqlite
