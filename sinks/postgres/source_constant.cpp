#include "sinks/postgres/source_constant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "libpq/identifier.hpp"
#include "sinks/postgres/cell_encoding.hpp"
#include "sinks/postgres/number_text.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::TypeFamily;
using change::Value;
using change::ValueKind;
using Encoding = TargetType::Encoding;

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Without parentheses around the whole.
std::string_view bare(std::string_view text) {
  text = trimmed(text);
  while (text.size() >= 2 && text.front() == '(' && text.back() == ')') {
    text = trimmed(text.substr(1, text.size() - 2));
  }
  return text;
}

std::optional<std::string> read_string(std::string_view text) {
  if (text.size() < 2 || text.front() != '\'' || text.back() != '\'') return std::nullopt;
  std::string out;
  text = text.substr(1, text.size() - 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'' && (++i == text.size() || text[i] != '\'')) return std::nullopt;
    out += text[i];
  }
  return out;
}

std::optional<std::string> read_hex(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    unsigned byte = 0;
    const auto [end, failure] = std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
    if (failure != std::errc{} || end != digits.data() + i + 2) return std::nullopt;
    out += static_cast<char>(byte);
  }
  return out;
}

template <typename Number>
std::optional<Number> whole_text_as(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

SourceConstant integer_constant(std::int64_t number) { return {ValueKind::integer, number}; }
SourceConstant real_constant(double number) { return {ValueKind::real, 0, number}; }

std::optional<SourceConstant> read_number(std::string_view text) {
  if (text.starts_with('+')) text = trimmed(text.substr(1));
  std::string digits;
  if (text.starts_with('-')) digits = "-";
  if (text.starts_with('-')) text = trimmed(text.substr(1));
  if (text.empty() || (text.front() != '.' && (text.front() < '0' || text.front() > '9'))) return std::nullopt;
  digits += text;
  if (const auto integer = whole_text_as<std::int64_t>(digits)) return integer_constant(*integer);
  if (const auto real = whole_text_as<double>(digits)) return real_constant(*real);
  return std::nullopt;
}

/// A real as SQLite makes text of it; none where that takes an exponent or more digits than it prints.
std::optional<std::string> plain_text(double number) {
  constexpr double smallest = 1e-4;
  constexpr double largest = 1e15;
  const double size = std::abs(number);
  if (size >= largest || (size < smallest && (size != 0 || std::signbit(number)))) return std::nullopt;
  std::string text = fmt::format("{:.15g}", number);
  if (text.find('.') == std::string::npos) text += ".0";
  if (whole_text_as<double>(text) != number) return std::nullopt;
  return text;
}

/// What INTEGER and NUMERIC affinity make of a real.
SourceConstant shrunk(const SourceConstant& number) {
  constexpr double limit = 9223372036854775808.0;
  if (number.kind != ValueKind::real || std::trunc(number.real) != number.real || std::abs(number.real) >= limit)
    return number;
  return integer_constant(static_cast<std::int64_t>(number.real));
}

}  // namespace

Value SourceConstant::value() const {
  switch (kind) {
    case ValueKind::integer:
      return Value::integer(integer);
    case ValueKind::real:
      return Value::real(real);
    case ValueKind::text:
      return Value::text(bytes);
    case ValueKind::blob:
      return Value::blob(bytes);
    case ValueKind::null:
    case ValueKind::unchanged:
      break;
  }
  return Value::null();
}

std::optional<SourceConstant> read_constant(std::string_view sql) {
  const std::string_view text = bare(sql);
  const std::string word = upper(text);
  if (word == "NULL") return SourceConstant{};
  if (word == "TRUE") return integer_constant(1);
  if (word == "FALSE") return integer_constant(0);
  if (auto string = read_string(text)) return SourceConstant{ValueKind::text, 0, 0, std::move(*string)};
  if (word.starts_with("X'") && word.ends_with("'") && word.size() >= 3) {
    if (auto blob = read_hex(text.substr(2, text.size() - 3)))
      return SourceConstant{ValueKind::blob, 0, 0, std::move(*blob)};
    return std::nullopt;
  }
  return read_number(text);
}

std::optional<SourceConstant> stored_in(const SourceConstant& constant, TypeFamily family) {
  if (constant.kind == ValueKind::null || constant.kind == ValueKind::blob) return constant;
  switch (family) {
    case TypeFamily::text:
      if (constant.kind == ValueKind::text) return constant;
      if (constant.kind == ValueKind::integer) {
        return SourceConstant{ValueKind::text, 0, 0, integer_text(constant.integer)};
      }
      if (auto text = plain_text(constant.real)) return SourceConstant{ValueKind::text, 0, 0, std::move(*text)};
      return std::nullopt;
    case TypeFamily::integer:
    case TypeFamily::numeric:
    case TypeFamily::boolean:
    case TypeFamily::datetime:
    case TypeFamily::json:
    case TypeFamily::real: {
      SourceConstant number = constant;
      if (constant.kind == ValueKind::text) number = read_number(trimmed(constant.bytes)).value_or(constant);
      if (number.kind == ValueKind::text) return number;
      if (family != TypeFamily::real) return shrunk(number);
      return number.kind == ValueKind::integer ? real_constant(static_cast<double>(number.integer)) : number;
    }
    case TypeFamily::blob:
    case TypeFamily::any:
    case TypeFamily::native:
      return constant;
  }
  return std::nullopt;
}

std::optional<std::string> literal_for(const SourceConstant& constant, const TargetType& type) {
  if (constant.kind == ValueKind::null) return "NULL";
  std::string cell;
  if (append_cell(cell, constant.value(), type) != CellFit::stored) return std::nullopt;
  const std::string content = cell.substr(sizeof(std::int32_t));
  switch (type.encoding) {
    case Encoding::boolean:
      return constant.integer == 1 ? "true" : "false";
    case Encoding::smallint:
    case Encoding::integer:
    case Encoding::bigint:
      return integer_text(constant.integer);
    case Encoding::double_precision:
    case Encoding::numeric: {
      const std::string number =
          constant.kind == ValueKind::integer ? integer_text(constant.integer) : real_text(constant.real);
      return libpq::quote_literal(number) + "::" + type.sql;
    }
    case Encoding::text:
      return libpq::quote_literal(content) + "::text";
    case Encoding::bytea: {
      std::string hex;
      for (const char c : content) fmt::format_to(std::back_inserter(hex), "{:02x}", static_cast<unsigned char>(c));
      return fmt::format("pg_catalog.decode('{}', 'hex')", hex);
    }
    case Encoding::uuid:
    case Encoding::json:
    case Encoding::jsonb:
      if (constant.kind != ValueKind::text) return std::nullopt;
      return libpq::quote_literal(constant.bytes) + "::" + type.sql;
    case Encoding::date:
    case Encoding::timestamp:
    case Encoding::timestamptz:
    case Encoding::cast_text:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::string> default_clause(const change::Column& column, const TargetType& type) {
  if (!column.default_sql || column.generated) return std::nullopt;
  const std::string word = upper(bare(*column.default_sql));
  if (word == "CURRENT_TIMESTAMP") {
    if (type.encoding == Encoding::text) {
      return "pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.now()), 'YYYY-MM-DD HH24:MI:SS')";
    }
    if (type.encoding == Encoding::timestamptz) return "pg_catalog.now()";
    if (type.encoding == Encoding::timestamp) return "pg_catalog.timezone('UTC', pg_catalog.now())";
    return std::nullopt;
  }
  if (word == "CURRENT_DATE" && type.encoding == Encoding::text) {
    return "pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.now()), 'YYYY-MM-DD')";
  }
  const std::optional<SourceConstant> constant = read_constant(*column.default_sql);
  if (!constant || constant->kind == ValueKind::null) return std::nullopt;
  const std::optional<SourceConstant> stored = stored_in(*constant, column.family);
  if (!stored) return std::nullopt;
  return literal_for(*stored, type);
}

}  // namespace pgmirror::sinks::postgres
