#include "capture/postgres/log_position.hpp"

#include <charconv>
#include <stdexcept>

namespace pgmirror::capture::postgres {
namespace {

std::uint32_t half(std::string_view digits) {
  std::uint32_t number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  if (failure != std::errc{} || end != digits.data() + digits.size() || digits.empty())
    throw std::runtime_error("a log sequence number was expected from the source");
  return number;
}

}  // namespace

change::Position parse_log_position(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) throw std::runtime_error("a log sequence number was expected from the source");
  return {std::uint64_t{half(text.substr(0, slash))} << 32U | half(text.substr(slash + 1))};
}

}  // namespace pgmirror::capture::postgres
