#include "sinks/postgres/cell_encoding.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

#include "libpq/utf8.hpp"
#include "sinks/postgres/binary_field.hpp"
#include "sinks/postgres/json_check.hpp"
#include "sinks/postgres/moment.hpp"
#include "sinks/postgres/number_text.hpp"
#include "sinks/postgres/numeric_field.hpp"
#include "sinks/postgres/uuid_text.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::TypeFamily;
using change::Value;
using change::ValueKind;
using Encoding = TargetType::Encoding;

CellFit odd_null(std::string& out) {
  append_null_field(out);
  return CellFit::odd;
}

template <typename Number>
CellFit append_whole(std::string& out, const Value& value) {
  if (value.kind() != ValueKind::integer) return odd_null(out);
  const std::int64_t number = value.as_integer();
  if (number < std::numeric_limits<Number>::min() || number > std::numeric_limits<Number>::max()) return odd_null(out);
  append_number_field(out, static_cast<Number>(number));
  return CellFit::stored;
}

CellFit append_boolean(std::string& out, const Value& value) {
  if (value.kind() != ValueKind::integer || (value.as_integer() != 0 && value.as_integer() != 1)) return odd_null(out);
  append_network_order(out, std::int32_t{1});
  out += static_cast<char>(value.as_integer());
  return CellFit::stored;
}

CellFit append_double(std::string& out, const Value& value, const TargetType& type) {
  if (value.kind() == ValueKind::real) {
    append_number_field(out, std::bit_cast<std::int64_t>(value.as_real()));
    return CellFit::stored;
  }
  if (value.kind() != ValueKind::integer) return odd_null(out);
  constexpr std::int64_t exact = std::int64_t{1} << 53;
  const bool fits = value.as_integer() >= -exact && value.as_integer() <= exact;
  append_number_field(out, std::bit_cast<std::int64_t>(static_cast<double>(value.as_integer())));
  return fits && type.family == TypeFamily::real ? CellFit::stored : CellFit::odd;
}

/// Whether a numeric column would give this real back as an integer.
bool reads_as_integer(double number) {
  constexpr double limit = 9223372036854775808.0;
  return std::trunc(number) == number && number >= -limit && number < limit;
}

CellFit append_numeric(std::string& out, const Value& value, const TargetType& type) {
  switch (value.kind()) {
    case ValueKind::integer:
      if (append_numeric_field(out, integer_text(value.as_integer()), type.precision, type.scale))
        return CellFit::stored;
      return odd_null(out);
    case ValueKind::real:
      if (!append_numeric_field(out, real_text(value.as_real()), type.precision, type.scale)) return odd_null(out);
      return reads_as_integer(value.as_real()) ? CellFit::odd : CellFit::stored;
    case ValueKind::text:
      if (append_numeric_field(out, value.bytes(), type.precision, type.scale)) return CellFit::odd;
      return odd_null(out);
    default:
      return odd_null(out);
  }
}

/// How a value reads in a text column; none when text cannot carry it.
std::optional<CellFit> text_form(std::string& text, const Value& value, const TargetType& type) {
  const bool numbers = type.family != TypeFamily::text;
  switch (value.kind()) {
    case ValueKind::integer:
      text = integer_text(value.as_integer());
      return numbers ? CellFit::stored : CellFit::odd;
    case ValueKind::real:
      text = real_text(value.as_real());
      return numbers ? CellFit::stored : CellFit::odd;
    case ValueKind::text:
      if (!libpq::is_storable_text(value.bytes())) return std::nullopt;
      return numbers && is_number_text(value.bytes()) ? CellFit::odd : CellFit::stored;
    default:
      return std::nullopt;
  }
}

CellFit append_text(std::string& out, const Value& value, const TargetType& type) {
  std::string rendered;
  const std::optional<CellFit> fit = text_form(rendered, value, type);
  if (!fit) return odd_null(out);
  const std::string_view text = value.kind() == ValueKind::text ? value.bytes() : std::string_view(rendered);
  if (type.length >= 0 && text.size() > static_cast<std::size_t>(type.length) &&
      libpq::character_count(text) > static_cast<std::size_t>(type.length)) {
    return odd_null(out);
  }
  append_bytes_field(out, text);
  return *fit;
}

CellFit append_bytea(std::string& out, const Value& value) {
  if (value.kind() == ValueKind::blob || value.kind() == ValueKind::text) {
    append_bytes_field(out, value.bytes());
    return value.kind() == ValueKind::blob ? CellFit::stored : CellFit::odd;
  }
  return odd_null(out);
}

CellFit append_uuid(std::string& out, const Value& value, const TargetType& type) {
  const bool blobs = type.family == TypeFamily::blob;
  if (value.kind() == ValueKind::blob && value.bytes().size() == sizeof(UuidBytes)) {
    append_bytes_field(out, value.bytes());
    return blobs ? CellFit::stored : CellFit::odd;
  }
  if (value.kind() != ValueKind::text) return odd_null(out);
  const std::optional<UuidBytes> uuid = read_uuid(value.bytes());
  if (!uuid) return odd_null(out);
  append_bytes_field(out, {uuid->data(), uuid->size()});
  return !blobs && uuid_text(*uuid) == value.bytes() ? CellFit::stored : CellFit::odd;
}

CellFit append_json(std::string& out, const Value& value, bool binary) {
  constexpr char jsonb_version = 1;
  std::string rendered;
  std::string_view text;
  if (value.kind() == ValueKind::text) {
    text = value.bytes();
  } else if (value.kind() == ValueKind::integer) {
    text = rendered = integer_text(value.as_integer());
  } else if (value.kind() == ValueKind::real) {
    text = rendered = real_text(value.as_real());
  } else {
    return odd_null(out);
  }
  if (!(binary ? is_jsonb(text) : is_json(text))) return odd_null(out);
  append_network_order(out, static_cast<std::int32_t>(text.size() + (binary ? 1 : 0)));
  if (binary) out += jsonb_version;
  out.append(text);
  return CellFit::stored;
}

CellFit append_moment(std::string& out, const Value& value, const TargetType& type) {
  constexpr std::int64_t microseconds_per_day = 86'400'000'000;
  const std::optional<PostgresMicroseconds> moment = read_moment(value, type.moment);
  if (!moment) return odd_null(out);
  if (type.encoding != Encoding::date) {
    append_number_field(out, *moment);
    return CellFit::stored;
  }
  if (*moment % microseconds_per_day != 0) return odd_null(out);
  append_number_field(out, static_cast<std::int32_t>(*moment / microseconds_per_day));
  return CellFit::stored;
}

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

bool append_hex_bytes(std::string& out, std::string_view text) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) return false;
  append_network_order(out, static_cast<std::int32_t>(text.size() / 2 - 1));
  for (std::size_t i = 2; i < text.size(); i += 2) {
    const auto high = hex_digit(text[i]);
    const auto low = hex_digit(text[i + 1]);
    if (!high || !low) return false;
    out += static_cast<char>(*high * 16 + *low);
  }
  return true;
}

template <typename Number>
bool append_printed_whole(std::string& out, std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return false;
  append_number_field(out, number);
  return true;
}

bool append_printed_double(std::string& out, std::string_view text) {
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return false;
  append_number_field(out, std::bit_cast<std::int64_t>(number));
  return true;
}

bool append_printed_uuid(std::string& out, std::string_view text) {
  const std::optional<UuidBytes> uuid = read_uuid(text);
  if (!uuid) return false;
  append_bytes_field(out, {uuid->data(), uuid->size()});
  return true;
}

bool append_printed_text(std::string& out, std::string_view text) {
  if (!libpq::is_storable_text(text)) return false;
  append_bytes_field(out, text);
  return true;
}

bool append_printed_jsonb(std::string& out, std::string_view text) {
  if (!libpq::is_storable_text(text)) return false;
  append_network_order(out, static_cast<std::int32_t>(text.size() + 1));
  out += '\x01';
  out.append(text);
  return true;
}

template <typename Number>
bool append_printed_moment(std::string& out, std::optional<Number> moment) {
  if (moment) append_number_field(out, *moment);
  return moment.has_value();
}

/// False leaves a field half written.
bool append_printed(std::string& out, std::string_view text, Encoding encoding) {
  switch (encoding) {
    case Encoding::boolean:
      append_network_order(out, std::int32_t{1});
      out += text == "t" ? '\1' : '\0';
      return text == "t" || text == "f";
    case Encoding::smallint:
      return append_printed_whole<std::int16_t>(out, text);
    case Encoding::integer:
      return append_printed_whole<std::int32_t>(out, text);
    case Encoding::bigint:
      return append_printed_whole<std::int64_t>(out, text);
    case Encoding::double_precision:
      return append_printed_double(out, text);
    case Encoding::numeric:
      return append_numeric_field(out, text, -1, 0);
    case Encoding::bytea:
      return append_hex_bytes(out, text);
    case Encoding::uuid:
      return append_printed_uuid(out, text);
    case Encoding::jsonb:
      return append_printed_jsonb(out, text);
    case Encoding::text:
    case Encoding::json:
    case Encoding::cast_text:
      return append_printed_text(out, text);
    case Encoding::date:
      return append_printed_moment(out, read_printed_date(text));
    case Encoding::timestamp:
    case Encoding::timestamptz:
      return append_printed_moment(out, read_printed_timestamp(text));
  }
  return false;
}

CellFit append_native(std::string& out, const Value& value, Encoding encoding) {
  const std::size_t start = out.size();
  if (value.kind() == ValueKind::text && append_printed(out, value.bytes(), encoding)) return CellFit::stored;
  out.resize(start);
  return odd_null(out);
}

}  // namespace

CellFit append_cell(std::string& out, const Value& value, const TargetType& type) {
  if (value.is_unchanged()) throw std::logic_error("a cell that was not sent has no bytes");
  if (value.is_null()) {
    append_null_field(out);
    return CellFit::stored;
  }
  if (type.family == TypeFamily::native) return append_native(out, value, type.encoding);
  switch (type.encoding) {
    case Encoding::boolean:
      return append_boolean(out, value);
    case Encoding::smallint:
      return append_whole<std::int16_t>(out, value);
    case Encoding::integer:
      return append_whole<std::int32_t>(out, value);
    case Encoding::bigint:
      return append_whole<std::int64_t>(out, value);
    case Encoding::double_precision:
      return append_double(out, value, type);
    case Encoding::numeric:
      return append_numeric(out, value, type);
    case Encoding::text:
      return append_text(out, value, type);
    case Encoding::bytea:
      return append_bytea(out, value);
    case Encoding::uuid:
      return append_uuid(out, value, type);
    case Encoding::json:
      return append_json(out, value, false);
    case Encoding::jsonb:
      return append_json(out, value, true);
    case Encoding::date:
    case Encoding::timestamp:
    case Encoding::timestamptz:
      return append_moment(out, value, type);
    case Encoding::cast_text:
      break;
  }
  throw std::logic_error("only a column of a PostgreSQL source is cast by the server");
}

CellFit append_copy_text_cell(std::string& out, const Value& value, const TargetType& type) {
  if (type.family != TypeFamily::native)
    throw std::logic_error("only columns of a PostgreSQL source are copied as text");
  if (value.is_unchanged()) throw std::logic_error("a cell that was not sent has no bytes");
  if (value.kind() != ValueKind::text || !libpq::is_storable_text(value.bytes())) {
    out += "\\N";
    return value.is_null() ? CellFit::stored : CellFit::odd;
  }
  for (const char c : value.bytes()) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += c;
    }
  }
  return CellFit::stored;
}

}  // namespace pgmirror::sinks::postgres
