#include "config/flag_layer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "config/nearest_name.hpp"
#include "config/settings.hpp"
#include "config/small_file.hpp"

namespace pgmirror::config {
namespace {

constexpr std::string_view file_suffix = "_file";
constexpr std::string_view named_mirror = "mirrors.";

std::vector<std::string> known_flags() {
  std::vector<std::string> keys;
  for (const Setting& setting : settings()) {
    if (setting.kind == SettingKind::types) continue;
    keys.emplace_back(setting.key);
    if (setting.secret) keys.push_back(std::string(setting.key) + std::string(file_suffix));
  }
  return keys;
}

/// `mirrors.eu.pool` as `mirror.pool` and the values of mirror `eu`.
struct Target {
  std::string key;
  GivenValues* values = nullptr;
};

Target find_target(const std::string& flag, const std::string& place, Given& given) {
  const std::vector<std::string> known = known_flags();
  std::string key = flag;
  std::string mirror;
  if (const std::size_t dot = flag.find('.', named_mirror.size());
      flag.starts_with(named_mirror) && dot != std::string::npos) {
    mirror = flag.substr(named_mirror.size(), dot - named_mirror.size());
    key = "mirror" + flag.substr(dot);
  }
  if (std::find(known.begin(), known.end(), key) == known.end()) {
    given.problems.push_back(fmt::format("{}: unknown key{}", place, did_you_mean(key, known)));
    return {};
  }
  return {key, mirror.empty() ? given.values_for(key, place) : &given.mirror(mirror).values};
}

}  // namespace

void add_flag_layer(const std::map<std::string, std::string>& flags, Given& given) {
  for (const auto& [flag, text] : flags) {
    if (text.empty()) continue;
    const std::string place = fmt::format("flag \"{}\"", flag);
    const Target target = find_target(flag, place, given);
    if (target.values == nullptr) continue;
    if (find_setting(target.key) != nullptr) {
      target.values->put(target.key, {Layer::flag, place, text});
      continue;
    }
    const std::string key = target.key.substr(0, target.key.size() - file_suffix.size());
    if (flags.contains(flag.substr(0, flag.size() - file_suffix.size()))) {
      given.problems.push_back(fmt::format("{}: the value itself is given as well; give one of the two", place));
      continue;
    }
    try {
      target.values->put(key, {Layer::flag, place, read_secret_file(text)});
    } catch (const std::runtime_error& error) {
      given.problems.push_back(fmt::format("{}: {}", place, error.what()));
    }
  }
}

}  // namespace pgmirror::config
