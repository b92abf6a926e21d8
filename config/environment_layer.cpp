#include "config/environment_layer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "config/nearest_name.hpp"
#include "config/settings.hpp"
#include "config/small_file.hpp"

namespace pgmirror::config {
namespace {

using Variables = std::map<std::string, std::string>;

/// Compose passes variables on that nobody set as empty ones.
const std::string* set_variable(const Variables& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() || found->second.empty() ? nullptr : &found->second;
}

void put(const Setting& setting, const std::string& place, std::string text, Given& given) {
  GivenValues* const values = given.values_for(setting.key, place);
  if (values != nullptr) values->put(setting.key, {Layer::environment, place, std::move(text)});
}

void add_variable(const Setting& setting, const Variables& environment, Given& given) {
  const std::string name(setting.variable);
  const std::string file_name = name + "_FILE";
  const std::string* const text = set_variable(environment, name);
  const std::string* const file = setting.secret ? set_variable(environment, file_name) : nullptr;
  if (text != nullptr && file != nullptr) {
    given.problems.push_back(fmt::format("{}: {} is set as well; set one of the two", file_name, name));
  } else if (text != nullptr) {
    put(setting, name, *text, given);
  } else if (file != nullptr) {
    try {
      put(setting, file_name, read_secret_file(*file), given);
    } catch (const std::runtime_error& error) {
      given.problems.push_back(fmt::format("{}: {}", file_name, error.what()));
    }
  }
}

void warn_of_unknown(const Variables& environment, const std::set<std::string>& used_variables, Given& given) {
  const std::vector<std::string> known = known_variables();
  for (const auto& [name, text] : environment) {
    if (!name.starts_with("MIRROR_") && !name.starts_with("DATABASE_MIRROR_")) continue;
    if (used_variables.contains(name) || std::find(known.begin(), known.end(), name) != known.end()) continue;
    given.warnings.push_back(fmt::format("{}: is no setting and has no effect{}", name, did_you_mean(name, known)));
  }
}

}  // namespace

void add_environment_layer(const Variables& environment, const std::set<std::string>& used_variables, Given& given) {
  for (const Setting& setting : settings()) {
    if (!setting.variable.empty()) add_variable(setting, environment, given);
  }
  warn_of_unknown(environment, used_variables, given);
}

}  // namespace pgmirror::config
