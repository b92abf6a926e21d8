#pragma once

#include <cstdint>

#include "capture/sqlite/btree_page.hpp"
#include "capture/sqlite/row_stream.hpp"

namespace pgmirror::capture::sqlite {

/// The rows [begin, end) of one leaf.
class LeafRows final : public RowStream {
 public:
  LeafRows(const BtreePage& page, std::uint32_t begin, std::uint32_t end) : page_(&page), next_(begin), end_(end) {}
  const Cell* next() override {
    if (next_ == end_) return nullptr;
    cell_ = page_->cell(next_++);
    return &cell_;
  }

 private:
  const BtreePage* page_;
  std::uint32_t next_;
  std::uint32_t end_;
  Cell cell_;
};

/// How many rows at the beginning and at the end of two versions of one leaf are surely equal, byte for byte.
struct EqualEnds {
  std::uint32_t front = 0;
  std::uint32_t back = 0;
};

/// Looks at the bytes of the pages first and at single rows only around the difference: this is the path of every small
/// transaction. Rows whose overflow pages changed are not noticed. Throws DamagedPage.
EqualEnds equal_ends(const BtreePage& before, const BtreePage& after);

}  // namespace pgmirror::capture::sqlite
