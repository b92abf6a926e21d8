#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace pgmirror::sinks::postgres {

/// Appends `number` in network order.
template <std::integral Number>
void append_network_order(std::string& out, Number number) {
  static_assert(std::endian::native == std::endian::little);
  if constexpr (sizeof(Number) == 2)
    number = static_cast<Number>(__builtin_bswap16(static_cast<std::uint16_t>(number)));
  if constexpr (sizeof(Number) == 4)
    number = static_cast<Number>(__builtin_bswap32(static_cast<std::uint32_t>(number)));
  if constexpr (sizeof(Number) == 8)
    number = static_cast<Number>(__builtin_bswap64(static_cast<std::uint64_t>(number)));
  char bytes[sizeof(Number)];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof bytes);
}

/// A field of a fixed-size type: its length and its bytes.
template <std::integral Number>
void append_number_field(std::string& out, Number number) {
  append_network_order(out, static_cast<std::int32_t>(sizeof(Number)));
  append_network_order(out, number);
}

inline void append_bytes_field(std::string& out, std::string_view bytes) {
  append_network_order(out, static_cast<std::int32_t>(bytes.size()));
  out.append(bytes);
}

inline void append_null_field(std::string& out) { append_network_order(out, std::int32_t{-1}); }

}  // namespace pgmirror::sinks::postgres
