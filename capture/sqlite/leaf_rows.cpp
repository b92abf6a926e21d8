#include "capture/sqlite/leaf_rows.hpp"

#include <algorithm>
#include <cstring>

namespace pgmirror::capture::sqlite {
namespace {

/// Offset of the first of the bytes at the end of both pages that are equal.
std::size_t equal_tail(const BtreePage& before, const BtreePage& after) {
  const std::byte* const left = before.bytes().data();
  const std::byte* const right = after.bytes().data();
  const std::size_t floor = std::max(before.content_begin(), after.content_begin());
  std::size_t tail = before.bytes().size();
  constexpr std::size_t stride = 64;
  while (tail >= floor + stride && std::memcmp(left + tail - stride, right + tail - stride, stride) == 0)
    tail -= stride;
  while (tail > floor && left[tail - 1] == right[tail - 1]) --tail;
  return tail;
}

class CellEquality {
 public:
  CellEquality(const BtreePage& before, const BtreePage& after)
      : before_(&before), after_(&after), tail_(equal_tail(before, after)) {}

  bool operator()(std::uint32_t before_index, std::uint32_t after_index) const {
    const std::size_t offset = before_->cell_offset(before_index);
    // A cell is read from its offset upwards, so that within the equal tail equal offsets are equal cells.
    if (offset >= tail_ && offset == after_->cell_offset(after_index)) return true;
    const Cell left = before_->cell(before_index);
    const Cell right = after_->cell(after_index);
    return left.raw.size() == right.raw.size() && std::memcmp(left.raw.data(), right.raw.data(), left.raw.size()) == 0;
  }

 private:
  const BtreePage* before_;
  const BtreePage* after_;
  std::size_t tail_;
};

}  // namespace

EqualEnds equal_ends(const BtreePage& before, const BtreePage& after) {
  const CellEquality equal(before, after);
  const std::uint32_t common = std::min(before.cell_count(), after.cell_count());
  EqualEnds ends;
  while (ends.front < common && equal(ends.front, ends.front)) ++ends.front;
  const auto is_equal_at_back = [&](std::uint32_t back) {
    return equal(before.cell_count() - 1 - back, after.cell_count() - 1 - back);
  };
  while (ends.front + ends.back < common && is_equal_at_back(ends.back)) ++ends.back;
  return ends;
}

}  // namespace pgmirror::capture::sqlite
