#include "config/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "config/invalid_value.hpp"

namespace pgmirror::config {
namespace {

constexpr std::uint64_t longest = std::uint64_t{100} * 366 * 86400;

struct Unit {
  char letter;
  std::string_view name;
  std::uint64_t seconds;
};
constexpr std::array units{Unit{'d', "d", 86400}, Unit{'h', "h", 3600}, Unit{'m', "min", 60}, Unit{'s', "s", 1}};

}  // namespace

std::chrono::seconds parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::seconds{0};
  std::uint64_t total = 0;
  std::string_view rest = text;
  do {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const auto* const unit = std::find_if(units.begin(), units.end(),
                                          [&](const Unit& u) { return !rest.empty() && u.letter == rest.front(); });
    if (error == std::errc::invalid_argument || unit == units.end()) {
      throw InvalidValue(
          fmt::format("\"{}\" is not a duration; write numbers with d, h, m or s, for example 24h", text));
    }
    if (error != std::errc() || number > (longest - total) / unit->seconds) {
      throw InvalidValue(fmt::format("\"{}\" is longer than 100 years", text));
    }
    total += number * unit->seconds;
    rest.remove_prefix(1);
  } while (!rest.empty());
  return std::chrono::seconds{total};
}

std::string duration_text(std::chrono::seconds duration) {
  const auto count = static_cast<std::uint64_t>(duration.count());
  const auto* const unit =
      std::find_if(units.begin(), units.end(), [&](const Unit& u) { return count % u.seconds == 0; });
  return fmt::format("{} {}", count / unit->seconds, unit->name);
}

}  // namespace pgmirror::config
