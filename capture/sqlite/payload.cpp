#include "capture/sqlite/payload.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "capture/sqlite/big_endian.hpp"
#include "capture/sqlite/damaged_page.hpp"

namespace pgmirror::capture::sqlite {

std::span<const std::byte> Payload::load(const DatabasePages& pages, const Cell& cell) {
  chain_.clear();
  if (cell.overflow == 0) return cell.local;
  follow(pages, cell, true);
  return record_;
}

void Payload::trace(const DatabasePages& pages, const Cell& cell) {
  chain_.clear();
  if (cell.overflow != 0) follow(pages, cell, false);
}

void Payload::follow(const DatabasePages& pages, const Cell& cell, bool keep) {
  const std::size_t page_share = pages.usable_size() - 4;
  std::uint64_t missing = cell.payload_size - cell.local.size();
  if (missing / page_share > pages.page_count()) {
    throw DamagedPage(fmt::format("page {} has a record larger than the database", cell.page));
  }
  page_.resize(pages.page_size());
  if (keep) record_.assign(cell.local.begin(), cell.local.end());
  PageNumber next = cell.overflow;
  while (missing > 0) {
    pages.read(next, page_);
    chain_.push_back(next);
    const std::size_t share = static_cast<std::size_t>(std::min<std::uint64_t>(missing, page_share));
    if (keep) {
      record_.insert(record_.end(), page_.begin() + 4, page_.begin() + 4 + static_cast<std::ptrdiff_t>(share));
    }
    missing -= share;
    next = load_u32(page_.data());
  }
}

}  // namespace pgmirror::capture::sqlite
