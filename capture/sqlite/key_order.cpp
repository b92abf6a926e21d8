#include "capture/sqlite/key_order.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace pgmirror::capture::sqlite {
namespace {

/// Storage classes in the order in which they sort.
int class_rank(const RecordField& field) {
  if (field.is_null()) return 0;
  if (field.is_text()) return 2;
  if (field.is_blob()) return 3;
  return 1;
}

std::weak_ordering compare_bytes(std::string_view left, std::string_view right) {
  const int order = std::memcmp(left.data(), right.data(), std::min(left.size(), right.size()));
  if (order != 0) return order <=> 0;
  return left.size() <=> right.size();
}

std::string_view view(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

unsigned char fold(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  return byte >= 'A' && byte <= 'Z' ? static_cast<unsigned char>(byte + ('a' - 'A')) : byte;
}

std::weak_ordering compare_nocase(std::string_view left, std::string_view right) {
  const std::size_t common = std::min(left.size(), right.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (fold(left[i]) != fold(right[i])) return fold(left[i]) <=> fold(right[i]);
    if (left[i] == '\0') break;  // SQLite's NOCASE looks no further than a NUL
  }
  return left.size() <=> right.size();
}

std::string_view without_trailing_spaces(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::weak_ordering compare_reals(double left, double right) {
  if (left < right) return std::weak_ordering::less;
  if (left > right) return std::weak_ordering::greater;
  return std::weak_ordering::equivalent;
}

std::weak_ordering compare_numeric(const change::Value& left, const change::Value& right) {
  const bool left_integer = left.kind() == change::ValueKind::integer;
  const bool right_integer = right.kind() == change::ValueKind::integer;
  if (left_integer && right_integer) return left.as_integer() <=> right.as_integer();
  if (left_integer) return compare_numbers(left.as_integer(), right.as_real());
  if (right_integer) return 0 <=> compare_numbers(right.as_integer(), left.as_real());
  return compare_reals(left.as_real(), right.as_real());
}

bool all_known(const std::vector<KeyField>& fields) {
  return std::ranges::none_of(fields, [](const KeyField& field) { return field.collation == Collation::unknown; });
}

}  // namespace

std::weak_ordering compare_numbers(std::int64_t integer, double real) {
  constexpr double beyond = 9223372036854775808.0;
  if (real != real) return std::weak_ordering::greater;  // a NaN is read as NULL, which sorts first
  if (real < -beyond) return std::weak_ordering::greater;
  if (real >= beyond) return std::weak_ordering::less;
  const auto whole = static_cast<std::int64_t>(real);
  if (integer != whole) return integer <=> whole;
  return compare_reals(static_cast<double>(integer), real);
}

KeyOrder::KeyOrder(std::vector<KeyField> fields, TextEncoding encoding)
    : fields_(std::move(fields)), encoding_(encoding), known_(all_known(fields_)) {}

std::weak_ordering KeyOrder::compare(std::span<const std::byte> left, std::span<const std::byte> right) {
  Record left_record(left);
  Record right_record(right);
  RecordField a;
  RecordField b;
  for (const KeyField& field : fields_) {
    if (!left_record.next(a) || !right_record.next(b)) throw DamagedPage("record is shorter than its key");
    std::weak_ordering order = class_rank(a) <=> class_rank(b);
    if (order == 0) {
      if (a.is_text()) {
        order = compare_text(a.bytes, b.bytes, field.collation);
      } else if (a.is_blob()) {
        order = compare_bytes(view(a.bytes), view(b.bytes));
      } else if (!a.is_null()) {
        order = compare_numeric(a.value(), b.value());
      }
    }
    if (order != 0) return field.descending ? 0 <=> order : order;
  }
  return std::weak_ordering::equivalent;
}

std::weak_ordering KeyOrder::compare_text(std::span<const std::byte> left, std::span<const std::byte> right,
                                          Collation collation) {
  // BINARY compares what is stored; the others are defined on UTF-8.
  if (collation == Collation::binary) return compare_bytes(view(left), view(right));
  std::string_view a = view(left);
  std::string_view b = view(right);
  if (encoding_ != TextEncoding::utf8) {
    left_utf8_.resize(utf8_capacity(left.size()));
    right_utf8_.resize(utf8_capacity(right.size()));
    a = to_utf8(left, encoding_, left_utf8_.data());
    b = to_utf8(right, encoding_, right_utf8_.data());
  }
  if (collation == Collation::nocase) return compare_nocase(a, b);
  return compare_bytes(without_trailing_spaces(a), without_trailing_spaces(b));
}

void KeyOrder::append_exact_key(std::span<const std::byte> record, std::string& out) const {
  Record reader(record);
  RecordField field;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (!reader.next(field)) throw DamagedPage("record is shorter than its key");
    // The type tells the length of the bytes, so that two keys cannot run into each other.
    out.append(reinterpret_cast<const char*>(&field.serial_type), sizeof(field.serial_type));
    out.append(view(field.bytes));
  }
}

}  // namespace pgmirror::capture::sqlite
