#include "config/given_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pgmirror::config {

void GivenValues::put(std::string_view key, GivenValue value) {
  const auto found = values_.find(key);
  if (found != values_.end() && found->second.layer > value.layer) return;
  values_.insert_or_assign(std::string(key), std::move(value));
}

const GivenValue* GivenValues::find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

GivenMirror& Given::mirror(std::string_view name) {
  const auto found = std::find_if(mirrors.begin(), mirrors.end(), [&](const GivenMirror& m) { return m.name == name; });
  if (found != mirrors.end()) return *found;
  return mirrors.emplace_back(GivenMirror{std::string(name), {}});
}

GivenValues* Given::values_for(std::string_view key, std::string_view place) {
  if (!key.starts_with("mirror.")) return &values;
  if (mirrors.size() > 1) {
    problems.push_back(fmt::format(
        "{}: does not say which of the {} mirrors it is for; set it in each mirror's section", place, mirrors.size()));
    return nullptr;
  }
  return mirrors.empty() ? &mirror("mirror").values : &mirrors.front().values;
}

}  // namespace pgmirror::config
