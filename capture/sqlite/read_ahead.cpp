#include "capture/sqlite/read_ahead.hpp"

#include <algorithm>

namespace pgmirror::capture::sqlite {
namespace {

constexpr PageNumber at_once = 32;
/// Interior pages lie between the leaves.
constexpr PageNumber longest_step = 4;

}  // namespace

void ReadAhead::read(PageNumber number, std::span<std::byte> out) const {
  const std::size_t size = out.size();
  const bool in_order = number > last_ && number - last_ <= longest_step;
  last_ = number;
  if (number < first_ || number - first_ >= fetched_.size() / size) {
    const PageNumber count = std::min(at_once, image_.page_count() - number + 1);
    if (!in_order || count < 2) return image_.read(number, out);
    fetched_.resize(count * size);
    image_.read_run(number, fetched_);
    first_ = number;
  }
  const auto begin = fetched_.begin() + static_cast<std::ptrdiff_t>((number - first_) * size);
  std::copy(begin, begin + static_cast<std::ptrdiff_t>(size), out.begin());
}

}  // namespace pgmirror::capture::sqlite
