#include "config/byte_size.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "config/invalid_value.hpp"

namespace pgmirror::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array units{Unit{"b", 1},
                           Unit{"kb", 1000},
                           Unit{"mb", 1000'000},
                           Unit{"gb", 1000'000'000},
                           Unit{"tb", 1000'000'000'000},
                           Unit{"kib", std::uint64_t{1} << 10U},
                           Unit{"mib", std::uint64_t{1} << 20U},
                           Unit{"gib", std::uint64_t{1} << 30U},
                           Unit{"tib", std::uint64_t{1} << 40U}};

bool same_letters(char a, char b) { return (a | 0x20) == b; }

}  // namespace

std::uint64_t parse_byte_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  if (name.starts_with(' ')) name.remove_prefix(1);
  const auto* const unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) {
    return std::equal(name.begin(), name.end(), u.name.begin(), u.name.end(), same_letters);
  });
  if (error == std::errc::invalid_argument || unit == units.end()) {
    throw InvalidValue(fmt::format("\"{}\" is not a size; write a whole number and a unit, for example 10GiB", text));
  }
  if (error != std::errc() || number > std::numeric_limits<std::int64_t>::max() / unit->bytes) {
    throw InvalidValue(fmt::format("\"{}\" is more than any disk holds", text));
  }
  return number * unit->bytes;
}

std::string byte_size_text(std::uint64_t bytes) {
  const double mebibytes = static_cast<double>(bytes) / (1024.0 * 1024.0);
  return mebibytes >= 1024 ? fmt::format("{:.4g} GiB", mebibytes / 1024) : fmt::format("{:.4g} MiB", mebibytes);
}

}  // namespace pgmirror::config
