#include "capture/postgres/constant_default.hpp"

#include <algorithm>

namespace pgmirror::capture::postgres {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos &&
         text.find_first_of("0123456789") != std::string_view::npos;
}

/// A cast of a constant: a type's name with its modifier and brackets, and nothing behind it.
bool is_cast(std::string_view text) {
  return text.empty() || (text.starts_with("::") && text.find_first_of("'+*/|&=<>") == std::string_view::npos);
}

}  // namespace

std::optional<std::string> constant_of(std::string_view default_sql) {
  if (default_sql == "true" || default_sql == "false") return std::string(1, default_sql.front() == 't' ? 't' : 'f');
  if (is_number(default_sql)) return std::string(default_sql);
  // The server prints a negative number in brackets or as a quoted constant, depending on its type.
  if (default_sql.starts_with("(-") && default_sql.ends_with(')') &&
      is_number(default_sql.substr(2, default_sql.size() - 3))) {
    return std::string(default_sql.substr(1, default_sql.size() - 2));
  }
  if (!default_sql.starts_with('\'')) return std::nullopt;
  std::string value;
  for (std::size_t at = 1; at < default_sql.size(); ++at) {
    if (default_sql[at] != '\'') {
      value += default_sql[at];
    } else if (default_sql.substr(at, 2) == "''") {
      value += '\'';
      ++at;
    } else {
      return is_cast(default_sql.substr(at + 1)) ? std::optional(value) : std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace pgmirror::capture::postgres
