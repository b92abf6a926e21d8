#include "capture/sqlite/transaction_image.hpp"

#include <algorithm>
#include <cstring>

namespace pgmirror::capture::sqlite {

void TransactionImage::read(PageNumber number, std::span<std::byte> out) const {
  const auto pages = batch_.pages_of(transaction_);
  const auto found = std::lower_bound(pages.begin(), pages.end(), number);
  if (found == pages.end() || *found != number) {
    before_.read(number, out);
    return;
  }
  const FrameNumber frame = batch_.frames[transaction_.begin + static_cast<std::size_t>(found - pages.begin())];
  if (batch_.content.empty()) {
    wal_.read_page(frame, out);
    return;
  }
  const std::size_t offset = (frame - batch_.first_frame) * wal_.frame_size() + WalFile::frame_header_size;
  std::memcpy(out.data(), batch_.content.data() + offset, out.size());
}

}  // namespace pgmirror::capture::sqlite
