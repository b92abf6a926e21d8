#include "sinks/postgres/number_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace pgmirror::sinks::postgres {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string integer_text(std::int64_t number) { return std::to_string(number); }

std::string real_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  std::array<char, 64> buffer{};
  const auto scientific =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(scientific.ptr - buffer.data()));
  const std::size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(), exponent);
  // The bounds where PostgreSQL's double_to_shortest_decimal_buf changes its form.
  if (exponent < -4 || exponent >= 15) return std::string(text);

  std::array<char, 64> plain{};
  const auto fixed = std::to_chars(plain.data(), plain.data() + plain.size(), number, std::chars_format::fixed);
  std::string out(plain.data(), fixed.ptr);
  if (out.find('.') == std::string::npos) out += ".0";
  return out;
}

bool is_number_text(std::string_view text) {
  constexpr std::size_t longest = 26;
  if (text.empty() || text.size() > longest) return false;
  if (!is_digit(text.front()) && text.front() != '-' && text.front() != 'I') return false;
  const char* end = text.data() + text.size();
  if (std::all_of(text.begin() + (text.front() == '-' ? 1 : 0), text.end(), is_digit)) {
    std::int64_t number = 0;
    const auto [stop, failure] = std::from_chars(text.data(), end, number);
    return failure == std::errc{} && stop == end && integer_text(number) == text;
  }
  double number = 0;
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  return failure == std::errc{} && stop == end && real_text(number) == text;
}

}  // namespace pgmirror::sinks::postgres
