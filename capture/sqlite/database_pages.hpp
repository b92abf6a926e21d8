#pragma once

#include <cstddef>
#include <span>

#include "capture/sqlite/page_image.hpp"
#include "capture/sqlite/text_encoding.hpp"

namespace pgmirror::capture::sqlite {

/// What the first page says about all pages.
struct DatabaseHeader {
  std::size_t page_size = 0;
  /// Page size without the bytes that an extension reserved at the end of each page.
  std::size_t usable_size = 0;
  TextEncoding encoding = TextEncoding::utf8;
  bool operator==(const DatabaseHeader&) const = default;
};

/// Reads page 1. An image without pages (a file that was never written) has a header too. Throws DamagedPage when it is
/// not that of a database with the image's page size.
DatabaseHeader read_header(const PageImage& image);

/// An image together with its header. The image must outlive this.
class DatabasePages {
 public:
  explicit DatabasePages(const PageImage& image) : DatabasePages(image, read_header(image)) {}
  /// For a header that is known already.
  DatabasePages(const PageImage& image, const DatabaseHeader& header)
      : image_(&image), header_(header), page_count_(image.page_count()) {}

  std::size_t page_size() const { return header_.page_size; }
  std::size_t usable_size() const { return header_.usable_size; }
  PageNumber page_count() const { return page_count_; }
  TextEncoding encoding() const { return header_.encoding; }
  const DatabaseHeader& header() const { return header_; }

  /// Copies a page into `out`, page_size() long. Throws DamagedPage when there is no such page.
  void read(PageNumber number, std::span<std::byte> out) const;

 private:
  const PageImage* image_;
  DatabaseHeader header_;
  PageNumber page_count_;
};

}  // namespace pgmirror::capture::sqlite
