#include "sinks/postgres/hex_text.hpp"

#include <stdexcept>

namespace pgmirror::sinks::postgres {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

unsigned value_of(char digit) {
  const std::size_t value = digits.find(digit);
  if (value == std::string_view::npos) throw std::invalid_argument("hexadecimal text holds another character");
  return static_cast<unsigned>(value);
}

}  // namespace

std::string hex_text(std::string_view bytes) {
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += digits[byte >> 4U];
    hex += digits[byte & 15U];
  }
  return hex;
}

std::string bytes_of_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) throw std::invalid_argument("hexadecimal text ends in the middle of a byte");
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(value_of(hex[i]) << 4U | value_of(hex[i + 1]));
  }
  return bytes;
}

}  // namespace pgmirror::sinks::postgres
