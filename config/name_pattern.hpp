#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgmirror::config {

/// `*` stands for any characters, `?` for one character (of UTF-8, not one byte), everything else for itself.
bool matches_glob(std::string_view glob, std::string_view name);

/// A dotted pattern such as `billing.audit_*` or `users."e.mail"`.
///
/// Parts are separated by dots. A part in double quotes stands for itself, dots and stars included; a quote inside is
/// doubled. Immutable.
class NamePattern {
 public:
  /// Throws std::invalid_argument, with the reason alone, for a pattern that can match nothing: an empty part, a quote
  /// that does not end, more parts than `most_parts`, fewer than `least_parts`.
  NamePattern(std::string_view text, std::size_t least_parts, std::size_t most_parts);

  std::size_t part_count() const { return parts_.size(); }
  /// Part counted from the last one: 0 is the column of a column pattern, the table of a table pattern.
  bool matches_from_end(std::size_t part, std::string_view name) const;
  const std::string& text() const { return text_; }
  /// The parts without their quotes, with dots between them.
  std::string plain_name() const;
  bool operator==(const NamePattern&) const = default;

 private:
  struct Part {
    std::string text;
    bool quoted = false;
    bool operator==(const Part&) const = default;
  };
  std::string text_;
  std::vector<Part> parts_;
};

}  // namespace pgmirror::config
