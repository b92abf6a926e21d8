#include "config/interpolation.hpp"

#include <fmt/format.h>

#include "config/setting_value.hpp"

namespace pgmirror::config {
namespace {

bool is_name(std::string_view text) {
  constexpr std::string_view first = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
  if (text.empty() || first.find(text.front()) == std::string_view::npos) return false;
  return text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789") ==
         std::string_view::npos;
}

/// The value of what stands between the braces.
std::string expand(std::string_view inside, const std::map<std::string, std::string>& environment,
                   std::set<std::string>& used) {
  const std::size_t colon = inside.find(':');
  const std::string name(inside.substr(0, colon));
  const std::string_view rule = colon == std::string_view::npos ? std::string_view{} : inside.substr(colon, 2);
  if (!is_name(name) || (!rule.empty() && rule != ":-" && rule != ":?")) {
    throw InvalidValue(
        "has a \"${\" that is none of ${NAME}, ${NAME:-default}, ${NAME:?message}; write \"$$\" for a dollar sign");
  }
  used.insert(name);
  const auto found = environment.find(name);
  const bool set = found != environment.end();
  if (rule.empty() && !set)
    throw InvalidValue(fmt::format("needs the environment variable {}, which is not set", name));
  if (rule == ":?" && (!set || found->second.empty())) {
    throw InvalidValue(fmt::format("needs the environment variable {}: {}", name, inside.substr(colon + 2)));
  }
  if (rule == ":-" && (!set || found->second.empty())) return std::string(inside.substr(colon + 2));
  if (found->second.find_first_of("\r\n") != std::string::npos) {
    throw InvalidValue(fmt::format("takes the environment variable {}, which holds a newline", name));
  }
  return found->second;
}

}  // namespace

std::string interpolate(std::string_view text, const std::map<std::string, std::string>& environment,
                        std::set<std::string>& used) {
  std::string result;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t dollar = text.find('$', at);
    result += text.substr(at, dollar - at);
    if (dollar == std::string_view::npos) break;
    const std::string_view rest = text.substr(dollar + 1);
    if (rest.starts_with('$')) {
      result += '$';
      at = dollar + 2;
      continue;
    }
    const std::size_t end = rest.find('}');
    if (!rest.starts_with('{') || end == std::string_view::npos) {
      throw InvalidValue(
          "has a lone dollar sign; write \"$$\" for a dollar sign, \"${NAME}\" for an environment variable");
    }
    result += expand(rest.substr(1, end - 1), environment, used);
    at = dollar + 1 + end + 1;
  }
  return result;
}

}  // namespace pgmirror::config
