#include "config/type_overrides.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "config/name_pattern.hpp"
#include "config/setting_value.hpp"

namespace pgmirror::config {
namespace {

/// `{type: timestamptz, encoding: unix_ms}`
TypeOverride long_form(const YamlNode& node, const std::string& shown, FileValues& file) {
  TypeOverride type;
  for (const YamlEntry& entry : node.entries) {
    if (entry.key == "type") {
      type.type = file.text(entry, shown + ".type").value_or("");
    } else if (entry.key == "encoding") {
      type.encoding = file.text(entry, shown + ".encoding").value_or("");
    } else {
      file.unknown_key(entry, shown, {"type", "encoding"});
    }
  }
  return type;
}

TypeOverride read_type(const YamlEntry& entry, const std::string& shown, FileValues& file) {
  if (entry.value.kind == YamlNode::Kind::map) return long_form(entry.value, shown, file);
  return {file.text(entry, shown).value_or(""), ""};
}

std::string column_name(const YamlEntry& entry) {
  try {
    return NamePattern(entry.key, 2, 3).plain_name();
  } catch (const std::invalid_argument& why) {
    throw InvalidValue(fmt::format("{}; write TABLE.COLUMN", why.what()));
  }
}

}  // namespace

std::map<std::string, TypeOverride> read_type_overrides(const YamlNode& section, FileValues& file) {
  std::map<std::string, TypeOverride> types;
  if (section.kind != YamlNode::Kind::map && section.kind != YamlNode::Kind::null) {
    file.problem(file.place(section), "\"types\" must hold types by table.column");
  }
  for (const YamlEntry& entry : section.entries) {
    const std::string shown = fmt::format("types.{}", shown_key(entry.key));
    try {
      const TypeOverride type = read_type(entry, shown, file);
      check_type_override(type);
      if (!types.emplace(column_name(entry), type).second) throw InvalidValue("the column has a type already");
    } catch (const InvalidValue& why) {
      file.problem(fmt::format("{}: {}", file.place(entry), shown), why.what());
    }
  }
  return types;
}

}  // namespace pgmirror::config
