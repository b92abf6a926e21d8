#include "capture/sqlite/page_image.hpp"

namespace pgmirror::capture::sqlite {

void PageImage::read_run(PageNumber first, std::span<std::byte> out) const {
  for (; !out.empty(); out = out.subspan(page_size())) read(first++, out.first(page_size()));
}

}  // namespace pgmirror::capture::sqlite
