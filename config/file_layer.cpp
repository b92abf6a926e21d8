#include "config/file_layer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "config/config_error.hpp"
#include "config/file_values.hpp"
#include "config/settings.hpp"
#include "config/small_file.hpp"
#include "config/type_overrides.hpp"

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

bool has_key(const YamlNode& node, std::string_view key) {
  return std::any_of(node.entries.begin(), node.entries.end(), [&](const YamlEntry& e) { return e.key == key; });
}

/// A section of the file: `path` is its key path in the table of settings, `shown` the one in the file.
struct Section {
  const YamlNode& node;
  std::string path;
  std::string shown;

  std::string key(const YamlEntry& entry) const { return path.empty() ? entry.key : path + "." + entry.key; }
  std::string shown_key(const YamlEntry& entry) const { return shown.empty() ? entry.key : shown + "." + entry.key; }
};

class FileReader {
 public:
  FileReader(FileValues& file, Given& given) : file_(file), given_(given) {}

  void read(const YamlNode& root) {
    read_section({root, "", ""}, given_.values);
    if (has_key(root, "mirror") && has_key(root, "mirrors")) {
      file_.problem(file_.place(root), "\"mirror\" and \"mirrors\" both stand here; keep one");
    }
  }

 private:
  void read_section(const Section& section, GivenValues& values) {
    if (section.node.kind != YamlNode::Kind::map && section.node.kind != YamlNode::Kind::null) {
      file_.problem(file_.place(section.node), fmt::format("\"{}\" must hold keys and values", section.shown));
    }
    const std::vector<std::string> known = keys_below(section.path.empty() ? "" : section.path + ".");
    for (const YamlEntry& entry : section.node.entries) {
      if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
        file_.unknown_key(entry, section.shown, known);
      } else {
        read_entry(section, entry, values);
      }
    }
  }

  void read_entry(const Section& section, const YamlEntry& entry, GivenValues& values) {
    const std::string key = section.key(entry);
    if (key == "mirror") {
      read_mirror(entry, "mirror", "mirror");
    } else if (key == "mirrors") {
      read_mirrors(entry);
    } else if (key == "types") {
      given_.types = read_type_overrides(entry.value, file_);
    } else if (const Setting* const setting = find_setting(key)) {
      read_value(*setting, entry, section.shown_key(entry), values);
    } else if (key.ends_with(file_suffix)) {
      read_secret(section, entry, values);
    } else {
      read_section({entry.value, key, section.shown_key(entry)}, values);
    }
  }

  void read_mirror(const YamlEntry& entry, const std::string& name, const std::string& shown) {
    GivenMirror& mirror = given_.mirror(name);
    mirror.place = file_.place(entry);
    read_section({entry.value, "mirror", shown}, mirror.values);
  }

  void read_mirrors(const YamlEntry& entry) {
    if (entry.value.kind != YamlNode::Kind::map || entry.value.entries.empty()) {
      file_.problem(file_.place(entry), "\"mirrors\" must hold mirrors by name");
    }
    for (const YamlEntry& one : entry.value.entries) {
      if (is_mirror_name(one.key)) {
        read_mirror(one, one.key, "mirrors." + one.key);
      } else {
        file_.problem(file_.place(one), fmt::format("\"{}\" cannot name a mirror; use letters, digits, _ and -",
                                                    config::shown_key(one.key)));
      }
    }
  }

  void read_value(const Setting& setting, const YamlEntry& entry, const std::string& shown, GivenValues& values) {
    GivenValue given{Layer::file, fmt::format("{}: {}", file_.place(entry.value), shown)};
    if (setting.kind == SettingKind::patterns && entry.value.kind == YamlNode::Kind::list) {
      for (const YamlNode& item : entry.value.items) {
        if (auto text = file_.text(item, shown)) given.items.push_back(std::move(*text));
      }
    } else {
      given.text = file_.text(entry, shown).value_or("");
    }
    if (!given.text.empty() || !given.items.empty()) values.put(setting.key, std::move(given));
  }

  void read_secret(const Section& section, const YamlEntry& entry, GivenValues& values) {
    const std::string plain = entry.key.substr(0, entry.key.size() - file_suffix.size());
    if (has_key(section.node, plain)) {
      file_.problem(file_.place(entry), fmt::format("\"{}\" and \"{}\" both stand here; keep one", plain, entry.key));
      return;
    }
    const std::string shown = section.shown_key(entry);
    const std::string path = file_.text(entry, shown).value_or("");
    if (path.empty()) return;
    const std::string place = fmt::format("{}: {}", file_.place(entry.value), shown);
    const std::string key = section.key(entry);
    try {
      values.put(key.substr(0, key.size() - file_suffix.size()), {Layer::file, place, read_secret_file(path)});
    } catch (const std::runtime_error& error) {
      file_.problem(place, error.what());
    }
  }

  FileValues& file_;
  Given& given_;
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
  const YamlNode root = parse_yaml(text, path);
  FileValues file(path, environment, used_variables, given.problems);
  FileReader(file, given).read(root);
}

}  // namespace pgmirror::config
