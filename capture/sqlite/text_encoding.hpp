#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pgmirror::capture::sqlite {

/// Encoding of all text in a database, as numbered at offset 56 of its header.
enum class TextEncoding : std::uint8_t { utf8 = 1, utf16le = 2, utf16be = 3 };

/// Bytes that `utf16` may need at most in UTF-8.
constexpr std::size_t utf8_capacity(std::size_t utf16_bytes) { return utf16_bytes / 2 * 3; }

/// Writes `utf16` as UTF-8 to `out`, which has room for utf8_capacity() bytes, and returns what was written. A
/// surrogate without its partner becomes the three bytes that WTF-8 gives it, so that it can be told from any other
/// text. An odd last byte is dropped, as SQLite does.
std::string_view to_utf8(std::span<const std::byte> utf16, TextEncoding encoding, char* out);

}  // namespace pgmirror::capture::sqlite
