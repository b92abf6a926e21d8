#include "config/utf8.hpp"

namespace pgmirror::config {
namespace {

/// Length of the character at the front, 0 if it is none.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
  const auto continues = [&](std::size_t at, unsigned least = 0x80U, unsigned most = 0xbfU) {
    return byte(at) >= least && byte(at) <= most;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80U) return 1;
  if (lead >= 0xc2U && lead <= 0xdfU) return continues(1) ? 2 : 0;
  if (lead >= 0xe0U && lead <= 0xefU) {
    const unsigned least = lead == 0xe0U ? 0xa0U : 0x80U;
    const unsigned most = lead == 0xedU ? 0x9fU : 0xbfU;
    return continues(1, least, most) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xf0U && lead <= 0xf4U) {
    const unsigned least = lead == 0xf0U ? 0x90U : 0x80U;
    const unsigned most = lead == 0xf4U ? 0x8fU : 0xbfU;
    return continues(1, least, most) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::size_t first_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = character_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

}  // namespace pgmirror::config
