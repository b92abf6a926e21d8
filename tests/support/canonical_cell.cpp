#include "tests/support/canonical_cell.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

namespace pgmirror::tests {
namespace {

const std::string null_cell = "\x01NULL";

bool is_integer_type(const std::string& type) { return type == "bigint" || type == "integer" || type == "smallint"; }

std::string bits_of(double number) { return fmt::format("{:016x}", std::bit_cast<std::uint64_t>(number)); }

/// A plain decimal number without sign of zero, leading zeros or zeros behind the point: how PostgreSQL prints numeric,
/// but for the scale.
std::string without_scale(std::string decimal) {
  if (decimal.find('.') != std::string::npos) {
    while (decimal.back() == '0') decimal.pop_back();
    if (decimal.back() == '.') decimal.pop_back();
  }
  return decimal == "-0" ? "0" : decimal;
}

/// The shortest digits that give the same double again: `1.5e+00`.
std::string scientific(double number) {
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific);
  return {buffer.data(), end.ptr};
}

int exponent_of(const std::string& scientific_text) {
  return std::atoi(scientific_text.c_str() + scientific_text.find('e') + 1);
}

std::string plain_decimal(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  std::string text = scientific(number);
  const int point = exponent_of(text) + 1;
  text.resize(text.find('e'));
  const bool negative = text[0] == '-';
  if (negative) text.erase(0, 1);
  std::string digits = text.substr(0, 1) + (text.size() > 2 ? text.substr(2) : "");
  if (point <= 0)
    digits = "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  else if (static_cast<std::size_t>(point) >= digits.size())
    digits.append(static_cast<std::size_t>(point) - digits.size(), '0');
  else
    digits.insert(static_cast<std::size_t>(point), ".");
  return without_scale((negative ? "-" : "") + digits);
}

/// How the mirror writes a real where only text can hold it: as PostgreSQL prints double precision, but told from an
/// integer by `.0`.
std::string real_as_text(double number) {
  if (std::isinf(number)) return plain_decimal(number);
  if (number == 0) return std::signbit(number) ? "-0.0" : "0.0";
  auto text = scientific(number);
  if (exponent_of(text) < -4 || exponent_of(text) >= 15) return text;
  auto plain = plain_decimal(number);
  if (plain.find('.') == std::string::npos) plain += ".0";
  return plain;
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

/// Whether PostgreSQL's text can hold it: valid UTF-8 (RFC 3629) without NUL.
bool fits_text(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto byte = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U; };
    const unsigned first = byte(at);
    std::size_t more = 0;
    unsigned low = 0x80;
    unsigned high = 0xBF;
    if (first == 0) return false;
    if (first < 0x80) {
      more = 0;
    } else if (first >= 0xC2 && first <= 0xDF) {
      more = 1;
    } else if (first >= 0xE0 && first <= 0xEF) {
      more = 2;
      if (first == 0xE0) low = 0xA0;
      if (first == 0xED) high = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
      more = 3;
      if (first == 0xF0) low = 0x90;
      if (first == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    for (std::size_t i = 1; i <= more; ++i) {
      if (byte(at + i) < (i == 1 ? low : 0x80U) || byte(at + i) > (i == 1 ? high : 0xBFU)) return false;
    }
    at += more + 1;
  }
  return true;
}

std::string_view bytes_of(sqlite3_value* cell) {
  // A text first: in a store in UTF-16 its bytes are others.
  if (sqlite3_value_type(cell) == SQLITE_TEXT) sqlite3_value_text(cell);
  const auto* bytes = static_cast<const char*>(sqlite3_value_blob(cell));
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(cell));
  return size == 0 ? std::string_view() : std::string_view(bytes, size);
}

std::optional<std::string> canonical_integer(std::int64_t number, const std::string& type) {
  if (is_integer_type(type) || type == "numeric" || type == "text") return std::to_string(number);
  if (type == "double precision") return bits_of(static_cast<double>(number));
  if (type == "boolean" && (number == 0 || number == 1)) return number == 1 ? "t" : "f";
  return std::nullopt;
}

std::optional<std::string> canonical_real(double number, const std::string& type) {
  if (type == "double precision") return bits_of(number);
  if (type == "numeric") return plain_decimal(number);
  if (type == "text") return real_as_text(number);
  return std::nullopt;
}

}  // namespace

std::string canonical_mirror_cell(const std::optional<std::string_view>& printed, const std::string& type) {
  if (!printed) return null_cell;
  std::string text(*printed);
  if (type == "double precision") return bits_of(std::strtod(text.c_str(), nullptr));
  if (type == "numeric") return without_scale(std::move(text));
  if (type == "bytea") return text.substr(2);
  return text;
}

ExpectedCell canonical_sqlite_cell(sqlite3_value* cell, const std::string& type) {
  const auto or_odd = [](const std::optional<std::string>& canonical) {
    return canonical ? ExpectedCell{*canonical} : ExpectedCell{null_cell, true};
  };
  switch (sqlite3_value_type(cell)) {
    case SQLITE_NULL:
      return {null_cell};
    case SQLITE_INTEGER:
      return or_odd(canonical_integer(sqlite3_value_int64(cell), type));
    case SQLITE_FLOAT:
      return or_odd(canonical_real(sqlite3_value_double(cell), type));
    case SQLITE_TEXT:
      if (type == "text" && fits_text(bytes_of(cell))) return {std::string(bytes_of(cell))};
      if (type == "bytea") return {hex(bytes_of(cell)), true};
      return or_odd(std::nullopt);
    default:
      return type == "bytea" ? ExpectedCell{hex(bytes_of(cell))} : or_odd(std::nullopt);
  }
}

std::string kept_cell(sqlite3_value* cell) {
  switch (sqlite3_value_type(cell)) {
    case SQLITE_INTEGER:
      return "integer " + hex(std::to_string(sqlite3_value_int64(cell)));
    case SQLITE_FLOAT:
      return "real " + hex(real_as_text(sqlite3_value_double(cell)));
    case SQLITE_TEXT:
      return "text " + hex(bytes_of(cell));
    default:
      return "blob " + hex(bytes_of(cell));
  }
}

bool known_type(const std::string& type) {
  return is_integer_type(type) || type == "double precision" || type == "numeric" || type == "text" ||
         type == "bytea" || type == "boolean";
}

}  // namespace pgmirror::tests
