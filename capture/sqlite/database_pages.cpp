#include "capture/sqlite/database_pages.hpp"

#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "capture/sqlite/big_endian.hpp"
#include "capture/sqlite/damaged_page.hpp"

namespace pgmirror::capture::sqlite {
namespace {

constexpr std::size_t smallest_usable_size = 480;

std::size_t stored_page_size(const std::byte* header) {
  const std::size_t stored = load_u16(header + 16);
  return stored == 1 ? 65536 : stored;  // does not fit into two bytes
}

TextEncoding stored_encoding(const std::byte* header) {
  const std::uint32_t number = load_u32(header + 56);
  if (number == 0) return TextEncoding::utf8;  // nothing has been created yet
  if (number > 3) throw DamagedPage(fmt::format("page 1: text encoding {} does not exist", number));
  return static_cast<TextEncoding>(number);
}

}  // namespace

PageFormat read_page_format(const PageImage& image) {
  PageFormat format{image.page_size(), image.page_size(), TextEncoding::utf8};
  if (format.page_size < 512 || format.page_size > 65536) {
    throw DamagedPage(fmt::format("page 1: page size {} does not exist", format.page_size));
  }
  if (image.page_count() == 0) return format;
  std::vector<std::byte> first(format.page_size);
  image.read(1, first);
  if (std::memcmp(first.data(), "SQLite format 3", 16) != 0) {
    throw DamagedPage("page 1: no SQLite header; the file is encrypted or not a database");
  }
  if (stored_page_size(first.data()) != format.page_size) {
    throw DamagedPage("page 1: page size differs from the image's");
  }
  format.usable_size = format.page_size - load_u8(first.data() + 20);
  if (format.usable_size < smallest_usable_size) throw DamagedPage("page 1: too many reserved bytes");
  format.encoding = stored_encoding(first.data());
  return format;
}

void DatabasePages::read(PageNumber number, std::span<std::byte> out) const {
  if (number == 0 || number > page_count_) {
    throw DamagedPage(fmt::format("page {} is referenced, but the database has {} pages", number, page_count_));
  }
  image_->read(number, out);
}

}  // namespace pgmirror::capture::sqlite
