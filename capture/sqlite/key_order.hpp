#pragma once

#include <compare>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "capture/sqlite/record.hpp"
#include "capture/sqlite/table_layout.hpp"

namespace pgmirror::capture::sqlite {

/// The order in which SQLite keeps the rows of one WITHOUT ROWID table.
class KeyOrder {
 public:
  KeyOrder(std::vector<KeyField> fields, TextEncoding encoding);

  /// False when a collation is the application's own: compare() must not be used then.
  bool is_known() const { return known_; }
  /// Compares the keys of two records. Equal: no tree holds both.
  std::weak_ordering compare(std::span<const std::byte> left, std::span<const std::byte> right);
  /// The bytes of all key values with their types: equal for equal keys only, whatever the collation.
  void append_exact_key(std::span<const std::byte> record, std::string& out) const;

 private:
  std::weak_ordering compare_text(std::span<const std::byte> left, std::span<const std::byte> right,
                                  Collation collation);

  std::vector<KeyField> fields_;
  TextEncoding encoding_;
  bool known_;
  std::string left_utf8_;
  std::string right_utf8_;
};

/// An integer against a real as SQLite orders them: by their exact values, not by what the integer rounds to.
std::weak_ordering compare_numbers(std::int64_t integer, double real);

}  // namespace pgmirror::capture::sqlite
