#pragma once

#include <vector>

#include "capture/sqlite/page_image.hpp"

namespace pgmirror::capture::sqlite {

/// The pages of `after` that `before` does not have or has with other content, ascending. Reads both images entirely.
std::vector<PageNumber> differing_pages(const PageImage& before, const PageImage& after);

}  // namespace pgmirror::capture::sqlite
