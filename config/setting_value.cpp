#include "config/setting_value.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "config/byte_size.hpp"
#include "config/utf8.hpp"

namespace pgmirror::config {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw InvalidValue(fmt::format("\"{}\" {}", text, why));
}

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::uint64_t number_between(std::string_view text, std::uint64_t least, std::uint64_t most, std::string_view what) {
  const auto number = whole_number(text);
  if (!number || *number < least || *number > most)
    refuse(text, fmt::format("is not {} ({} to {})", what, least, most));
  return *number;
}

std::string one_of(std::string_view text, const std::vector<std::string>& choices) {
  if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
    refuse(text, fmt::format("is none of {}", fmt::join(choices, ", ")));
  }
  return std::string(text);
}

}  // namespace

bool parse_boolean(std::string_view text) {
  const std::string word = lower(trimmed(text));
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  refuse(text, "is neither true nor false");
}

std::uint16_t parse_port(std::string_view text) {
  return static_cast<std::uint16_t>(number_between(text, 1, 65535, "a port"));
}

unsigned parse_pool(std::string_view text) {
  return static_cast<unsigned>(number_between(text, 1, 64, "a number of connections"));
}

unsigned parse_apply_connections(std::string_view text) {
  return static_cast<unsigned>(number_between(text, 1, 2, "a number of connections"));
}

std::uint64_t parse_disk_budget(std::string_view text) {
  const std::uint64_t bytes = parse_byte_size(text);
  if (bytes < std::uint64_t{1} << 20U) refuse(text, "is too small; at least 1MiB is needed");
  return bytes;
}

std::uint64_t parse_rate(std::string_view text) { return text == "0" ? 0 : parse_byte_size(text); }

PoisonRule parse_poison_rule(std::string_view text) {
  const std::string rule = one_of(text, {"stop_table", "park", "stop"});
  if (rule == "park") return PoisonRule::park;
  return rule == "stop" ? PoisonRule::stop : PoisonRule::stop_table;
}

CaptureMethod parse_capture_method(std::string_view text) {
  return one_of(text, {"decoding", "triggers"}) == "triggers" ? CaptureMethod::triggers : CaptureMethod::decoding;
}

LogFormat parse_log_format(std::string_view text) {
  return one_of(text, {"text", "json"}) == "json" ? LogFormat::json : LogFormat::text;
}

std::string parse_log_level(std::string_view text) { return one_of(text, {"trace", "debug", "info", "warn", "error"}); }

std::string parse_sslmode(std::string_view text) {
  return one_of(text, {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"});
}

std::string parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) refuse(text, "is not address:port, for example 127.0.0.1:9187");
  const std::string_view address = text.substr(0, colon);
  const bool bracketed = address.starts_with('[') && address.ends_with(']') && address.size() > 2;
  if (!bracketed && address.find_first_of(":[] \t/@") != std::string_view::npos) {
    refuse(text, "is not address:port; write an IPv6 address in brackets and no scheme, for example [::1]:9187");
  }
  const auto port = whole_number(text.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) refuse(text, "has no port from 1 to 65535");
  return std::string(text);
}

std::string parse_mirror_schema(std::string_view text) {
  constexpr std::size_t longest_identifier = 63;
  if (text.size() > longest_identifier) refuse(text, "is longer than the 63 bytes of a PostgreSQL name");
  if (text.starts_with("pg_") || text == "information_schema")
    refuse(text, "is a schema of PostgreSQL's own; choose another");
  if (text == "pgmirror") refuse(text, "is where pgmirror keeps its own tables; choose another");
  return parse_plain_text(text);
}

std::string parse_plain_text(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), is_control)) throw InvalidValue("holds a control character or a newline");
  if (first_invalid_utf8(text) != std::string_view::npos) throw InvalidValue("is not UTF-8");
  return std::string(text);
}

std::string parse_slot_name(std::string_view text) {
  constexpr std::size_t longest = 63;
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789_";
  if (text.size() > longest || text.find_first_not_of(allowed) != std::string_view::npos) {
    refuse(text, "is not a slot name: at most 63 lower-case letters, digits and underscores");
  }
  return std::string(text);
}

void check_type_override(const TypeOverride& type) {
  // It becomes part of CREATE TABLE.
  constexpr std::string_view first = "abcdefghijklmnopqrstuvwxyz_";
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz_0123456789 (),.";
  if (type.type.empty()) throw InvalidValue("names no type");
  if (type.type.find_first_of(first) != 0 || type.type.find_first_not_of(allowed) != std::string::npos) {
    refuse(type.type, "is not a type name; write it in lower case, for example timestamptz");
  }
  if (type.encoding.empty()) return;
  one_of(type.encoding, {"iso8601", "unix", "unix_ms", "julian"});
  const bool is_time = type.type.starts_with("timestamp") || type.type == "date";
  if (!is_time) refuse(type.type, "has no encoding; only date, timestamp and timestamptz have one");
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && text[at] == '"') quoted = !quoted;
    if (at < text.size() && (quoted || text[at] != ',')) continue;
    const std::string_view item = trimmed(text.substr(begin, at - begin));
    if (!item.empty()) items.emplace_back(item);
    begin = at + 1;
  }
  return items;
}

}  // namespace pgmirror::config
