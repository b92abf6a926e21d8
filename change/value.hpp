#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace pgmirror::change {

/// What the source stored in a cell.
enum class ValueKind : std::uint8_t {
  null,
  unchanged,  ///< not sent by the source: as it was before (PostgreSQL's unchanged TOAST, a column that is no key in an
              ///< old key)
  integer,
  real,
  text,
  blob,
};

/// One cell, lossless and as the source had it; rendering for a target is the sink's work.
///
/// A view: text and blob bytes belong to somebody else (a page, a queue block) whose header says how long they live. A
/// PostgreSQL source gives text exactly as its server printed it; a SQLite source gives the storage class. Text is
/// UTF-8 as far as the source kept to it: bytes that are not UTF-8, and NUL bytes, are passed on unchanged.
class Value {
 public:
  constexpr Value() = default;
  static constexpr Value null() { return Value{}; }
  static constexpr Value unchanged() { return Value{ValueKind::unchanged}; }
  static constexpr Value integer(std::int64_t number) {
    Value value{ValueKind::integer};
    value.integer_ = number;
    return value;
  }
  static constexpr Value real(double number) {
    Value value{ValueKind::real};
    value.real_ = number;
    return value;
  }
  static constexpr Value text(std::string_view bytes) { return Value{ValueKind::text, bytes}; }
  static constexpr Value blob(std::string_view bytes) { return Value{ValueKind::blob, bytes}; }

  constexpr ValueKind kind() const { return kind_; }
  constexpr bool is_null() const { return kind_ == ValueKind::null; }
  constexpr bool is_unchanged() const { return kind_ == ValueKind::unchanged; }
  constexpr std::int64_t as_integer() const { return integer_; }
  constexpr double as_real() const { return real_; }
  /// The bytes of a text or blob.
  constexpr std::string_view bytes() const { return {bytes_, size_}; }

  /// Same kind and same content; reals are compared bit by bit, so that NaN equals itself and -0.0 differs from 0.0.
  bool operator==(const Value& other) const;

 private:
  constexpr explicit Value(ValueKind kind) : kind_(kind) {}
  constexpr Value(ValueKind kind, std::string_view bytes) : kind_(kind), size_(bytes.size()), bytes_(bytes.data()) {}

  ValueKind kind_ = ValueKind::null;
  std::size_t size_ = 0;
  union {
    std::int64_t integer_ = 0;
    double real_;
    const char* bytes_;
  };
};

/// The cells of one row in the order of Relation::columns; empty where a change has no such row.
using Tuple = std::span<const Value>;

}  // namespace pgmirror::change
