#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "queue/byte_buffer.hpp"

/// Numbers and strings as FORMAT.md has them: little endian, LEB128, zigzag.
namespace pgmirror::queue::wire {

static_assert(std::endian::native == std::endian::little, "the queue's format is read and written without swapping");

/// Bytes that follow no rule of FORMAT.md although their checksum is right.
class Malformed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <typename Number>
inline void store(char* at, Number number) {
  std::memcpy(at, &number, sizeof number);
}

template <typename Number>
inline Number load(const char* at) {
  Number number;
  std::memcpy(&number, at, sizeof number);
  return number;
}

constexpr std::uint64_t zigzag(std::int64_t number) {
  return (static_cast<std::uint64_t>(number) << 1U) ^ static_cast<std::uint64_t>(number >> 63);
}

constexpr std::int64_t unzigzag(std::uint64_t number) {
  return static_cast<std::int64_t>((number >> 1U) ^ (~(number & 1U) + 1U));
}

constexpr std::size_t longest_varint = 10;

/// Needs longest_varint bytes of room; returns the end.
inline char* put_varint(char* at, std::uint64_t number) {
  while (number >= 0x80U) {
    *at++ = static_cast<char>(number | 0x80U);
    number >>= 7U;
  }
  *at++ = static_cast<char>(number);
  return at;
}

inline void append_varint(ByteBuffer& out, std::uint64_t number) {
  out.advance_to(put_varint(out.reserve(longest_varint), number));
}

inline void append_string(ByteBuffer& out, std::string_view text) {
  append_varint(out, text.size());
  out.append(text);
}

/// Reads forward through bytes and never past their end; throws Malformed instead.
class Reader {
 public:
  Reader() = default;
  explicit Reader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool at_end() const { return at_ == end_; }
  const char* position() const { return at_; }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }

  std::uint8_t byte() {
    if (at_ == end_) short_of_bytes();
    return static_cast<std::uint8_t>(*at_++);
  }

  std::uint64_t varint() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto next = byte();
      number |= static_cast<std::uint64_t>(next & 0x7FU) << shift;
      if (next < 0x80U) return number;
    }
    throw Malformed("a number is longer than ten bytes");
  }

  /// A count of things that take at least one byte each.
  std::size_t count() {
    const auto number = varint();
    if (number > remaining()) short_of_bytes();
    return static_cast<std::size_t>(number);
  }

  std::string_view bytes(std::size_t size) {
    if (size > remaining()) short_of_bytes();
    const std::string_view found{at_, size};
    at_ += size;
    return found;
  }

  std::string_view string() { return bytes(count()); }

 private:
  [[noreturn]] static void short_of_bytes() { throw Malformed("a record is longer than its block"); }

  const char* at_ = nullptr;
  const char* end_ = nullptr;
};

}  // namespace pgmirror::queue::wire
