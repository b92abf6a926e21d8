#include "libpq/identifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "libpq/utf8.hpp"

namespace pgmirror::libpq {
namespace {

/// FNV-1a, folded to 32 bits: must stay the same for ever, names in mirrors depend on it.
std::uint32_t name_hash(std::string_view name) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return static_cast<std::uint32_t>(hash ^ (hash >> 32U));
}

/// Manual: "System Columns".
constexpr std::array<std::string_view, 6> system_columns{"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"};

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  out += quote;
  return out;
}

}  // namespace

std::string mirror_identifier(std::string_view name) {
  if (name.empty())
    throw IdentifierError("a name is empty; PostgreSQL needs at least one character, exclude the object");
  if (!is_storable_text(name)) {
    throw IdentifierError("a name is not UTF-8 or holds a NUL byte; PostgreSQL cannot have it, exclude the object");
  }
  if (name.size() <= longest_identifier) return std::string(name);
  const std::string suffix = fmt::format("_{:08x}", name_hash(name));
  return std::string(prefix_of_whole_characters(name, longest_identifier - suffix.size())) + suffix;
}

std::string quote_identifier(std::string_view name) { return quoted(mirror_identifier(name), '"'); }

std::string mirror_column(std::string_view name) {
  if (std::ranges::find(system_columns, name) != system_columns.end()) return std::string(name) + "_";
  return mirror_identifier(name);
}

std::string quote_column(std::string_view name) { return quoted(mirror_column(name), '"'); }

std::string qualified(std::string_view schema, std::string_view name) {
  return quote_identifier(schema) + "." + quote_identifier(name);
}

std::string quote_literal(std::string_view text) {
  if (!is_storable_text(text))
    throw IdentifierError("a literal is not UTF-8 or holds a NUL byte; PostgreSQL cannot have it");
  if (text.find('\\') == std::string_view::npos) return quoted(text, '\'');
  std::string doubled;
  for (const char c : text) {
    if (c == '\\') doubled += '\\';
    doubled += c;
  }
  return " E" + quoted(doubled, '\'');
}

}  // namespace pgmirror::libpq
