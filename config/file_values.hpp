#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml_tree.hpp"

namespace pgmirror::config {

/// Takes values out of one YAML file: environment variables expanded, everything wrong collected with its place.
///
/// All references must outlive it.
class FileValues {
 public:
  FileValues(std::string path, const std::map<std::string, std::string>& environment,
             std::set<std::string>& used_variables, std::vector<std::string>& problems)
      : path_(std::move(path)), environment_(environment), used_variables_(used_variables), problems_(problems) {}

  /// `pgmirror.yaml:7:3`
  std::string place(int line, int column) const;
  std::string place(const YamlNode& node) const { return place(node.line, node.column); }
  std::string place(const YamlEntry& entry) const { return place(entry.line, entry.column); }

  void problem(const std::string& place, std::string_view what) {
    problems_.push_back(place + ": " + std::string(what));
  }
  void unknown_key(const YamlEntry& entry, std::string_view section, const std::vector<std::string>& known);

  /// The text of the one value of a key, nothing (and a problem) where it has none or several. `shown` is its key path.
  std::optional<std::string> text(const YamlEntry& entry, const std::string& shown);
  /// The same for an item of a list.
  std::optional<std::string> text(const YamlNode& item, const std::string& shown);

 private:
  std::optional<std::string> text_at(const YamlNode& node, const std::string& shown_place);

  std::string path_;
  const std::map<std::string, std::string>& environment_;
  std::set<std::string>& used_variables_;
  std::vector<std::string>& problems_;
};

}  // namespace pgmirror::config
