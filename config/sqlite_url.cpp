#include "config/sqlite_url.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "config/setting_value.hpp"

namespace pgmirror::config {
namespace {

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    const std::string_view digits = text.substr(at + 1, 2);
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) {
      throw InvalidValue("has a \"%\" that two hexadecimal digits do not follow; write %25 for a percent sign");
    }
    if (byte == 0) throw InvalidValue("has %00, which no file name can hold");
    decoded += static_cast<char>(byte);
    at += 2;
  }
  return decoded;
}

}  // namespace

std::filesystem::path parse_sqlite_url(std::string_view url) {
  std::string_view path = url.substr(std::string_view("sqlite:").size());
  if (path.starts_with("//")) path.remove_prefix(2);
  if (path.find_first_of("?#") != std::string_view::npos) {
    throw InvalidValue("takes no parameters after the file name; write %3F for ? and %23 for # in a name");
  }
  std::string file = percent_decoded(path);
  if (file.empty()) throw InvalidValue("names no file; write for example sqlite:///data/app.db");
  if (file.ends_with('/')) throw InvalidValue("names a directory; write the file, for example sqlite:///data/app.db");
  if (file == ":memory:") throw InvalidValue("names a store in memory, which no other process can follow; use a file");
  return std::filesystem::path(std::move(file)).lexically_normal();
}

}  // namespace pgmirror::config
