#include "config/file_values.hpp"

#include <fmt/format.h>

#include "config/interpolation.hpp"
#include "config/nearest_name.hpp"
#include "config/setting_value.hpp"

namespace pgmirror::config {

std::string FileValues::place(int line, int column) const { return fmt::format("{}:{}:{}", path_, line, column); }

void FileValues::unknown_key(const YamlEntry& entry, std::string_view section, const std::vector<std::string>& known) {
  const std::string where = section.empty() ? std::string() : fmt::format(" in \"{}\"", section);
  const std::string shown = shown_key(entry.key);
  const std::string remedy =
      shown == entry.key ? did_you_mean(entry.key, known) : std::string("; write a blank after the colon");
  problem(place(entry), fmt::format("unknown key \"{}\"{}{}", shown, where, remedy));
}

std::optional<std::string> FileValues::text(const YamlEntry& entry, const std::string& shown) {
  // A missing value stands where the next token does, which may be lines away.
  const bool missing = entry.value.kind == YamlNode::Kind::null;
  return text_at(entry.value, fmt::format("{}: {}", missing ? place(entry) : place(entry.value), shown));
}

std::optional<std::string> FileValues::text(const YamlNode& item, const std::string& shown) {
  return text_at(item, fmt::format("{}: {}", place(item), shown));
}

std::optional<std::string> FileValues::text_at(const YamlNode& node, const std::string& shown_place) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      problem(shown_place, "has no value; give one or take the key out");
      return std::nullopt;
    case YamlNode::Kind::list:
      problem(shown_place, "must be one value, not a list");
      return std::nullopt;
    case YamlNode::Kind::map:
      problem(shown_place, "must be one value, not a map");
      return std::nullopt;
    case YamlNode::Kind::scalar:
      break;
  }
  try {
    return interpolate(node.text, environment_, used_variables_);
  } catch (const InvalidValue& why) {
    problem(shown_place, why.what());
    return std::nullopt;
  }
}

}  // namespace pgmirror::config
