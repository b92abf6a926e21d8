#include "capture/sqlite/text_encoding.hpp"

namespace pgmirror::capture::sqlite {
namespace {

std::uint32_t code_unit(const std::byte* at, TextEncoding encoding) {
  const auto first = std::to_integer<std::uint32_t>(at[0]);
  const auto second = std::to_integer<std::uint32_t>(at[1]);
  return encoding == TextEncoding::utf16le ? first | (second << 8U) : (first << 8U) | second;
}

bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xD800U && unit < 0xDC00U; }
bool is_low_surrogate(std::uint32_t unit) { return unit >= 0xDC00U && unit < 0xE000U; }

char* append(char* out, std::uint32_t point) {
  const auto put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (point < 0x80U) {
    put(point);
  } else if (point < 0x800U) {
    put(0xC0U | (point >> 6U));
    put(0x80U | (point & 0x3FU));
  } else if (point < 0x10000U) {
    put(0xE0U | (point >> 12U));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  } else {
    put(0xF0U | (point >> 18U));
    put(0x80U | ((point >> 12U) & 0x3FU));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  }
  return out;
}

}  // namespace

std::string_view to_utf8(std::span<const std::byte> utf16, TextEncoding encoding, char* out) {
  char* const begin = out;
  const std::size_t even = utf16.size() & ~std::size_t{1};
  for (std::size_t i = 0; i < even; i += 2) {
    std::uint32_t point = code_unit(utf16.data() + i, encoding);
    if (is_high_surrogate(point) && i + 2 < even) {
      const std::uint32_t next = code_unit(utf16.data() + i + 2, encoding);
      if (is_low_surrogate(next)) {
        point = 0x10000U + ((point - 0xD800U) << 10U) + (next - 0xDC00U);
        i += 2;
      }
    }
    out = append(out, point);
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}

}  // namespace pgmirror::capture::sqlite
