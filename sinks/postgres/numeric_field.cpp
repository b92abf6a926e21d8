#include "sinks/postgres/numeric_field.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

#include "sinks/postgres/binary_field.hpp"

namespace pgmirror::sinks::postgres {
namespace {

constexpr std::uint16_t positive = 0x0000;
constexpr std::uint16_t negative = 0x4000;
constexpr std::uint16_t not_a_number = 0xC000;
constexpr std::uint16_t positive_infinity = 0xD000;
constexpr std::uint16_t negative_infinity = 0xF000;
/// Means nothing, but it is what the server itself sends (bits of the sign, read as a scale): fields are compared.
constexpr int scale_of_infinity = 32;
constexpr int digits_per_group = 4;
/// Manual, "Arbitrary Precision Numbers": up to 131072 digits before and 16383 after the decimal point.
constexpr int most_whole_digits = 131072;
constexpr int most_fraction_digits = 16383;

struct Decimal {
  bool minus = false;
  std::string digits;  ///< without leading zeros
  int fraction = 0;    ///< how many of the digits stand behind the point; negative: zeros follow the digits
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<Decimal> read_decimal(std::string_view text) {
  Decimal decimal;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    decimal.minus = text.front() == '-';
    text.remove_prefix(1);
  }
  std::size_t at = 0;
  bool point = false;
  bool any = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (is_digit(c)) {
      any = true;
      if (c != '0' || !decimal.digits.empty()) decimal.digits += c;
      if (point) ++decimal.fraction;
    } else if (c == '.' && !point) {
      point = true;
    } else {
      break;
    }
  }
  if (!any) return std::nullopt;
  if (at == text.size()) return decimal;
  if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
  ++at;
  if (at < text.size() && text[at] == '+') ++at;
  int exponent = 0;
  const auto [stop, failure] = std::from_chars(text.data() + at, text.data() + text.size(), exponent);
  if (failure != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  if (exponent > most_whole_digits || exponent < -most_fraction_digits) return std::nullopt;
  decimal.fraction -= exponent;
  return decimal;
}

bool fits(const Decimal& decimal, int precision, int scale) {
  const int whole = static_cast<int>(decimal.digits.size()) - decimal.fraction;
  if (whole > most_whole_digits || decimal.fraction > most_fraction_digits) return false;
  if (precision < 0 || decimal.digits.empty()) return true;
  const std::size_t last = decimal.digits.find_last_not_of('0');
  const int zeros = static_cast<int>(decimal.digits.size() - 1 - last);
  return whole <= precision - scale && decimal.fraction - zeros <= scale;
}

void append_header(std::string& out, std::size_t groups, int weight, std::uint16_t sign, int display_scale) {
  append_network_order(out, static_cast<std::int32_t>(8 + 2 * groups));
  append_network_order(out, static_cast<std::int16_t>(groups));
  append_network_order(out, static_cast<std::int16_t>(weight));
  append_network_order(out, sign);
  append_network_order(out, static_cast<std::uint16_t>(display_scale));
}

int floor_divide(int number, int by) { return number >= 0 ? number / by : -((-number + by - 1) / by); }

}  // namespace

bool append_numeric_field(std::string& out, std::string_view text, int precision, int scale) {
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") {
    if (precision >= 0 && text != "NaN") return false;
    const std::uint16_t infinity = text.front() == '-' ? negative_infinity : positive_infinity;
    append_header(out, 0, 0, text == "NaN" ? not_a_number : infinity, text == "NaN" ? 0 : scale_of_infinity);
    return true;
  }
  const std::optional<Decimal> decimal = read_decimal(text);
  if (!decimal || !fits(*decimal, precision, scale)) return false;

  const int display_scale = precision >= 0 ? scale : std::max(decimal->fraction, 0);
  const int size = static_cast<int>(decimal->digits.size());
  // Power of ten of the first digit; groups of four start at powers that are multiples of four.
  const int first_power = size - decimal->fraction - 1;
  const int weight = floor_divide(first_power, digits_per_group);
  std::vector<std::int16_t> groups;
  int position = first_power - (weight * digits_per_group + digits_per_group - 1);
  while (position < size) {
    std::int16_t group = 0;
    for (int i = 0; i < digits_per_group; ++i, ++position) {
      const bool inside = position >= 0 && position < size;
      group = static_cast<std::int16_t>(group * 10 +
                                        (inside ? decimal->digits[static_cast<std::size_t>(position)] - '0' : 0));
    }
    groups.push_back(group);
  }
  while (!groups.empty() && groups.back() == 0) groups.pop_back();
  const bool zero = groups.empty();
  append_header(out, groups.size(), zero ? 0 : weight, decimal->minus && !zero ? negative : positive, display_scale);
  for (const std::int16_t group : groups) append_network_order(out, group);
  return true;
}

}  // namespace pgmirror::sinks::postgres
