#pragma once

#include <cstddef>
#include <cstdint>

namespace pgmirror::capture::sqlite {

/// Slow path of take_varint().
std::uint64_t take_long_varint(const std::byte*& at, const std::byte* end);

/// Reads a variable-length integer (1 to 9 bytes) and moves `at` behind it. Throws DamagedPage when it would run past
/// `end`.
inline std::uint64_t take_varint(const std::byte*& at, const std::byte* end) {
  if (at < end && std::to_integer<unsigned>(*at) < 0x80U) return std::to_integer<std::uint64_t>(*at++);
  return take_long_varint(at, end);
}

}  // namespace pgmirror::capture::sqlite
