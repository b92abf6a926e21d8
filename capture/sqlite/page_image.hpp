#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pgmirror::capture::sqlite {

/// Number of a database page, from 1 as in the file format.
using PageNumber = std::uint32_t;

/// All pages of a database as of one commit, wherever they are kept (WAL frames, shadow file, database file).
///
/// Reading may block on disk. An image is used by one thread unless its own header says more.
class PageImage {
 public:
  virtual ~PageImage() = default;
  virtual std::size_t page_size() const = 0;
  virtual PageNumber page_count() const = 0;
  /// Copies page `number` (1..page_count) into `out`, which is page_size() long. Throws when the page cannot be read.
  virtual void read(PageNumber number, std::span<std::byte> out) const = 0;
  /// Copies as many neighbouring pages as `out` holds, from page `first` on; all must exist.
  virtual void read_run(PageNumber first, std::span<std::byte> out) const;
};

}  // namespace pgmirror::capture::sqlite
