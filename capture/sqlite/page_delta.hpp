#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace pgmirror::capture::sqlite {

/// Byte ranges that turn one page content into another: pairs of 16-bit offset and length, then the bytes.
///
/// Fills `delta` and returns true, or returns false when the delta would not be much smaller than the page.
bool encode_page_delta(std::span<const std::byte> before, std::span<const std::byte> after,
                       std::vector<std::byte>& delta);

/// Turns `page` from before to after. Throws std::runtime_error for a delta that does not fit the page.
void apply_page_delta(std::span<const std::byte> delta, std::span<std::byte> page);

}  // namespace pgmirror::capture::sqlite
