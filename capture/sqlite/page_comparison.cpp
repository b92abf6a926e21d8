#include "capture/sqlite/page_comparison.hpp"

namespace pgmirror::capture::sqlite {

std::vector<PageNumber> differing_pages(const PageImage& before, const PageImage& after) {
  std::vector<PageNumber> pages;
  std::vector<std::byte> old_page(before.page_size());
  std::vector<std::byte> new_page(after.page_size());
  const PageNumber before_count = before.page_count();
  for (PageNumber number = 1; number <= after.page_count(); ++number) {
    bool same = number <= before_count;
    if (same) {
      before.read(number, old_page);
      after.read(number, new_page);
      same = old_page == new_page;
    }
    if (!same) pages.push_back(number);
  }
  return pages;
}

}  // namespace pgmirror::capture::sqlite
