#include "capture/sqlite/varint.hpp"

#include "capture/sqlite/damaged_page.hpp"

namespace pgmirror::capture::sqlite {

std::uint64_t take_long_varint(const std::byte*& at, const std::byte* end) {
  std::uint64_t value = 0;
  for (int i = 0; at < end; ++i) {
    const auto byte = std::to_integer<std::uint64_t>(*at++);
    if (i == 8) return (value << 8U) | byte;  // the ninth byte has no continuation bit
    value = (value << 7U) | (byte & 0x7FU);
    if (byte < 0x80U) return value;
  }
  throw DamagedPage("variable-length integer runs past its page");
}

}  // namespace pgmirror::capture::sqlite
