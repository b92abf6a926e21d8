#pragma once

#include <cstddef>
#include <cstdint>

namespace pgmirror::capture::sqlite {

// All numbers of the file format are big endian. The caller has checked that the bytes are there.

constexpr std::uint32_t load_u8(const std::byte* at) { return std::to_integer<std::uint32_t>(*at); }

constexpr std::uint32_t load_u16(const std::byte* at) { return (load_u8(at) << 8U) | load_u8(at + 1); }

constexpr std::uint32_t load_u32(const std::byte* at) { return (load_u16(at) << 16U) | load_u16(at + 2); }

/// A signed number of `size` (1 to 8) bytes.
constexpr std::int64_t load_signed(const std::byte* at, std::size_t size) {
  std::uint64_t value = (load_u8(at) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < size; ++i) value = (value << 8U) | load_u8(at + i);
  return static_cast<std::int64_t>(value);
}

}  // namespace pgmirror::capture::sqlite
