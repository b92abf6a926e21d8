#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace pgmirror::libpq {

/// PostgreSQL cuts longer names without a word.
inline constexpr std::size_t longest_identifier = 63;

/// A name that no PostgreSQL identifier can carry: empty, NUL inside, or not UTF-8.
class IdentifierError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// `name` as the mirror has it: unchanged up to 63 bytes; longer names are cut at a character and end in `_` and 8 hex
/// digits of a hash of the whole name, so that two long names stay two. Throws IdentifierError.
std::string mirror_identifier(std::string_view name);

/// mirror_identifier() in double quotes, quotes inside doubled: case is kept and reserved words are harmless.
std::string quote_identifier(std::string_view name);

/// As mirror_identifier(), for a column: the names of PostgreSQL's system columns (`xmin`, `ctid`, ...), which no table
/// may use, get `_` behind them.
std::string mirror_column(std::string_view name);

/// mirror_column() in double quotes.
std::string quote_column(std::string_view name);

/// `"schema"."name"`.
std::string qualified(std::string_view schema, std::string_view name);

/// A string literal for DDL, where parameters are not allowed; never for row values. Safe whatever
/// standard_conforming_strings says. Throws IdentifierError for NUL and bytes that are not UTF-8.
std::string quote_literal(std::string_view text);

}  // namespace pgmirror::libpq
