#include "tests/support/connection_text.hpp"

#include <fmt/format.h>

#include <cctype>
#include <string_view>
#include <utility>

namespace pgmirror::tests {
namespace {

std::string in_quotes(std::string_view value) {
  std::string result = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

std::string percent_encoded(std::string_view value) {
  std::string result;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.')
      result += c;
    else
      result += fmt::format("%{:02X}", byte);
  }
  return result;
}

}  // namespace

std::string connection_string(const config::ConnectionSettings& settings) {
  std::string text =
      fmt::format("host={} port={} dbname={}", in_quotes(settings.host), settings.port, in_quotes(settings.database));
  if (!settings.user.empty()) text += " user=" + in_quotes(settings.user);
  if (!settings.password.empty()) text += " password=" + in_quotes(settings.password);
  if (!settings.sslmode.empty()) text += " sslmode=" + in_quotes(settings.sslmode);
  for (const auto& [name, value] : settings.parameters) text += fmt::format(" {}={}", name, in_quotes(value));
  return text;
}

std::string connection_url(const config::ConnectionSettings& settings) {
  std::string url = "postgresql://" + percent_encoded(settings.user);
  if (!settings.password.empty()) url += ":" + percent_encoded(settings.password);
  url += fmt::format("@{}:{}/{}", percent_encoded(settings.host), settings.port, percent_encoded(settings.database));
  char separator = '?';
  if (!settings.sslmode.empty()) url += fmt::format("{}sslmode={}", std::exchange(separator, '&'), settings.sslmode);
  for (const auto& [name, value] : settings.parameters)
    url += fmt::format("{}{}={}", std::exchange(separator, '&'), name, percent_encoded(value));
  return url;
}

}  // namespace pgmirror::tests
