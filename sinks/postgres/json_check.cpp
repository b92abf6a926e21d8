#include "sinks/postgres/json_check.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libpq/utf8.hpp"

namespace pgmirror::sinks::postgres {
namespace {

/// PostgreSQL's parser recurses and stops at max_stack_depth (2 MB unless set), some thousands of levels deep.
constexpr int deepest = 1000;

bool is_shallow(std::string_view text) {
  int depth = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    // Brackets inside strings count too: such a text may be called odd although it would fit, never the reverse.
    if (depth > deepest) return false;
  }
  return true;
}

/// Whether every number can be a numeric: no exponent below -999 and no run of digits that reaches numeric's limits.
bool has_modest_numbers(std::string_view text) {
  constexpr std::size_t longest_run = 1000;
  constexpr std::size_t longest_exponent = 3;
  std::size_t run = 0;
  bool negative_exponent = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] >= '0' && text[i] <= '9') {
      if (++run > (negative_exponent ? longest_exponent : longest_run)) return false;
      continue;
    }
    run = 0;
    negative_exponent = text[i] == '-' && i > 0 && (text[i - 1] == 'e' || text[i - 1] == 'E');
  }
  return true;
}

}  // namespace

bool is_json(std::string_view text) {
  // nlohmann skips a byte order mark, PostgreSQL does not.
  if (text.starts_with("\xEF\xBB\xBF")) return false;
  return libpq::is_storable_text(text) && is_shallow(text) && nlohmann::json::accept(text.begin(), text.end());
}

bool is_jsonb(std::string_view text) {
  return is_json(text) && text.find("\\u0000") == std::string_view::npos && has_modest_numbers(text);
}

}  // namespace pgmirror::sinks::postgres
