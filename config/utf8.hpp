#pragma once

#include <cstddef>
#include <string_view>

namespace pgmirror::config {

/// Offset of the first byte that is not UTF-8 (overlong forms, surrogates and what is beyond U+10FFFF included), npos
/// if all is well.
std::size_t first_invalid_utf8(std::string_view text);

}  // namespace pgmirror::config
