#include "capture/sqlite/page_comparison.hpp"

#include <algorithm>

namespace pgmirror::capture::sqlite {
namespace {

constexpr PageNumber pages_at_once = 64;

}  // namespace

std::vector<PageNumber> differing_pages(const PageImage& before, const PageImage& after) {
  std::vector<PageNumber> pages;
  const std::size_t size = after.page_size();
  const PageNumber common = std::min(before.page_count(), after.page_count());
  std::vector<std::byte> old_run;
  std::vector<std::byte> new_run;
  for (PageNumber first = 1; first <= common; first += pages_at_once) {
    const PageNumber count = std::min(pages_at_once, common - first + 1);
    old_run.resize(count * size);
    new_run.resize(count * size);
    before.read_run(first, old_run);
    after.read_run(first, new_run);
    for (PageNumber place = 0; place < count; ++place) {
      const auto begin = static_cast<std::ptrdiff_t>(place * size);
      const auto end = begin + static_cast<std::ptrdiff_t>(size);
      if (!std::equal(old_run.begin() + begin, old_run.begin() + end, new_run.begin() + begin)) {
        pages.push_back(first + place);
      }
    }
  }
  for (PageNumber number = common + 1; number <= after.page_count(); ++number) pages.push_back(number);
  return pages;
}

}  // namespace pgmirror::capture::sqlite
