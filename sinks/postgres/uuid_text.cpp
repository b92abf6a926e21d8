#include "sinks/postgres/uuid_text.hpp"

namespace pgmirror::sinks::postgres {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool hyphen_before(std::size_t byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

}  // namespace

std::optional<UuidBytes> read_uuid(std::string_view text) {
  if (text.size() != 32 && text.size() != 36) return std::nullopt;
  UuidBytes uuid{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < uuid.size(); ++i, at += 2) {
    if (text.size() == 36 && hyphen_before(i) && text[at++] != '-') return std::nullopt;
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    uuid[i] = static_cast<char>(high * 16 + low);
  }
  return uuid;
}

std::string uuid_text(const UuidBytes& uuid) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (hyphen_before(i)) text += '-';
    text += digits[static_cast<unsigned char>(uuid[i]) >> 4U];
    text += digits[static_cast<unsigned char>(uuid[i]) & 15U];
  }
  return text;
}

}  // namespace pgmirror::sinks::postgres
