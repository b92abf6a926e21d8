#include "config/file_layer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "config/config_error.hpp"
#include "config/interpolation.hpp"
#include "config/name_pattern.hpp"
#include "config/nearest_name.hpp"
#include "config/setting_value.hpp"
#include "config/settings.hpp"
#include "config/small_file.hpp"
#include "config/yaml_tree.hpp"

namespace pgmirror::config {
namespace {

constexpr std::size_t most_file_bytes = std::size_t{1} << 20U;
constexpr std::string_view file_suffix = "_file";

bool is_in_file(const Setting& setting) { return setting.key != "config"; }

/// What may stand in the section at `path` (`mirror.`; empty: the top of the file).
std::vector<std::string> keys_below(const std::string& path) {
  std::vector<std::string> keys;
  for (const Setting& setting : settings()) {
    if (!is_in_file(setting) || !setting.key.starts_with(path)) continue;
    const std::string_view rest = setting.key.substr(path.size());
    const std::string key(rest.substr(0, rest.find('.')));
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    if (setting.secret && rest == key) keys.push_back(key + std::string(file_suffix));
  }
  if (path.empty()) keys.emplace_back("mirrors");
  return keys;
}

bool is_mirror_name(std::string_view name) {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !name.empty() && name.size() <= 63 && name.find_first_not_of(allowed) == std::string_view::npos;
}

class FileReader {
 public:
  FileReader(std::string path, const std::map<std::string, std::string>& environment, Given& given,
             std::set<std::string>& used)
      : path_(std::move(path)), environment_(environment), given_(given), used_(used) {}

  void read(const YamlNode& root) {
    section(root, "", "", given_.values);
    const auto key_stands = [&](std::string_view key) {
      return std::any_of(root.entries.begin(), root.entries.end(), [&](const YamlEntry& e) { return e.key == key; });
    };
    if (key_stands("mirror") && key_stands("mirrors")) {
      problem(root, "\"mirror\" and \"mirrors\" both stand here; keep one");
    }
  }

 private:
  std::string at(int line, int column) const { return fmt::format("{}:{}:{}", path_, line, column); }
  template <typename Located>
  void problem(const Located& where, std::string_view what) {
    given_.problems.push_back(fmt::format("{}: {}", at(where.line, where.column), what));
  }

  /// `path` is the key path in the table of settings, `shown` the one in the file.
  void section(const YamlNode& node, const std::string& path, const std::string& shown, GivenValues& values) {
    if (node.kind == YamlNode::Kind::null) return;
    if (node.kind != YamlNode::Kind::map) {
      problem(node, fmt::format("\"{}\" must hold keys and values", shown));
      return;
    }
    const std::string prefix = path.empty() ? "" : path + ".";
    const std::vector<std::string> known = keys_below(prefix);
    for (const YamlEntry& entry : node.entries) {
      const std::string key = prefix + entry.key;
      const std::string shown_key = shown.empty() ? entry.key : shown + "." + entry.key;
      if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
        const std::string where = shown.empty() ? "" : fmt::format(" in \"{}\"", shown);
        problem(entry, fmt::format("unknown key \"{}\"{}{}", entry.key, where, did_you_mean(entry.key, known)));
      } else if (key == "mirror") {
        mirror(entry, "mirror", shown_key);
      } else if (key == "mirrors") {
        mirrors(entry);
      } else if (key == "types") {
        types(entry.value);
      } else if (const Setting* setting = find_setting(key)) {
        value(*setting, entry, shown_key, values);
      } else if (key.ends_with(file_suffix)) {
        secret_file(key.substr(0, key.size() - file_suffix.size()), node, entry, shown_key, values);
      } else {
        section(entry.value, key, shown_key, values);
      }
    }
  }

  void mirror(const YamlEntry& entry, const std::string& name, const std::string& shown) {
    GivenMirror& mirror = given_.mirror(name);
    mirror.place = at(entry.line, entry.column);
    section(entry.value, "mirror", shown, mirror.values);
  }

  void mirrors(const YamlEntry& entry) {
    if (entry.value.kind != YamlNode::Kind::map || entry.value.entries.empty()) {
      problem(entry, "\"mirrors\" must hold mirrors by name");
      return;
    }
    for (const YamlEntry& one : entry.value.entries) {
      if (is_mirror_name(one.key)) {
        mirror(one, one.key, "mirrors." + one.key);
      } else {
        problem(one, fmt::format("\"{}\" cannot name a mirror; use letters, digits, _ and -", one.key));
      }
    }
  }

  /// The text of a value, nothing (and a problem) where there is none.
  std::optional<std::string> scalar(const YamlNode& node, int line, int column, const std::string& shown) {
    const std::string place = at(line, column);
    if (node.kind == YamlNode::Kind::null) {
      given_.problems.push_back(fmt::format("{}: {}: has no value; give one or take the key out", place, shown));
      return std::nullopt;
    }
    if (node.kind != YamlNode::Kind::scalar) {
      const std::string_view shape = node.kind == YamlNode::Kind::list ? "a list" : "a map";
      given_.problems.push_back(fmt::format("{}: {}: must be one value, not {}", place, shown, shape));
      return std::nullopt;
    }
    try {
      return interpolate(node.text, environment_, used_);
    } catch (const InvalidValue& why) {
      given_.problems.push_back(fmt::format("{}: {}: {}", place, shown, why.what()));
      return std::nullopt;
    }
  }
  std::optional<std::string> scalar(const YamlEntry& entry, const std::string& shown) {
    // The place of a missing value is that of the next token, which may be lines away.
    const bool missing = entry.value.kind == YamlNode::Kind::null;
    return scalar(entry.value, missing ? entry.line : entry.value.line, missing ? entry.column : entry.value.column,
                  shown);
  }

  void value(const Setting& setting, const YamlEntry& entry, const std::string& shown, GivenValues& values) {
    GivenValue given{Layer::file, fmt::format("{}: {}", at(entry.value.line, entry.value.column), shown)};
    if (setting.kind == SettingKind::patterns && entry.value.kind == YamlNode::Kind::list) {
      for (const YamlNode& item : entry.value.items) {
        if (const auto text = scalar(item, item.line, item.column, shown)) given.items.push_back(*text);
      }
    } else if (const auto text = scalar(entry, shown)) {
      given.text = *text;
    }
    if (!given.text.empty() || !given.items.empty()) values.put(setting.key, std::move(given));
  }

  void secret_file(const std::string& key, const YamlNode& node, const YamlEntry& entry, const std::string& shown,
                   GivenValues& values) {
    const auto path = scalar(entry, shown);
    if (!path || path->empty()) return;
    const std::string plain = entry.key.substr(0, entry.key.size() - file_suffix.size());
    const auto beside =
        std::find_if(node.entries.begin(), node.entries.end(), [&](const YamlEntry& e) { return e.key == plain; });
    if (beside != node.entries.end()) {
      problem(entry, fmt::format("\"{}\" and \"{}\" both stand here; keep one", plain, entry.key));
      return;
    }
    const std::string place = fmt::format("{}: {}", at(entry.value.line, entry.value.column), shown);
    try {
      values.put(key, {Layer::file, place, read_secret_file(*path)});
    } catch (const std::runtime_error& error) {
      given_.problems.push_back(fmt::format("{}: {}", place, error.what()));
    }
  }

  void types(const YamlNode& node) {
    if (node.kind == YamlNode::Kind::null) return;
    if (node.kind != YamlNode::Kind::map) {
      problem(node, "\"types\" must hold types by table.column");
      return;
    }
    for (const YamlEntry& entry : node.entries) {
      const std::string shown = fmt::format("types.{}", entry.key);
      TypeOverride type;
      if (entry.value.kind == YamlNode::Kind::map) {
        type = long_type(entry.value, shown);
      } else if (const auto text = scalar(entry, shown)) {
        type.type = *text;
      }
      add_type(entry, shown, std::move(type));
    }
  }

  TypeOverride long_type(const YamlNode& node, const std::string& shown) {
    TypeOverride type;
    for (const YamlEntry& entry : node.entries) {
      if (entry.key == "type") {
        type.type = scalar(entry, shown + ".type").value_or("");
      } else if (entry.key == "encoding") {
        type.encoding = scalar(entry, shown + ".encoding").value_or("");
      } else {
        problem(entry, fmt::format("unknown key \"{}\" in \"{}\"{}", entry.key, shown,
                                   did_you_mean(entry.key, {"type", "encoding"})));
      }
    }
    return type;
  }

  void add_type(const YamlEntry& entry, const std::string& shown, TypeOverride type) {
    try {
      const NamePattern column(entry.key, 2, 3);
      check_type_override(type);
      if (!given_.types.emplace(column.plain_name(), std::move(type)).second) {
        problem(entry, fmt::format("{}: the column has a type already", shown));
      }
    } catch (const InvalidValue& why) {
      problem(entry, fmt::format("{}: {}", shown, why.what()));
    } catch (const std::invalid_argument& why) {
      problem(entry, fmt::format("{}: {}; write TABLE.COLUMN", shown, why.what()));
    }
  }

  std::string path_;
  const std::map<std::string, std::string>& environment_;
  Given& given_;
  std::set<std::string>& used_;
};

}  // namespace

void add_file_layer(const std::string& path, const std::map<std::string, std::string>& environment, Given& given,
                    std::set<std::string>& used_variables) {
  std::string text;
  try {
    text = read_small_file(path, most_file_bytes);
  } catch (const std::runtime_error& error) {
    throw ConfigError({fmt::format("configuration file: {}", error.what())});
  }
  FileReader(path, environment, given, used_variables).read(parse_yaml(text, path));
}

}  // namespace pgmirror::config
