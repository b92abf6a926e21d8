#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgmirror::config {

enum class SettingKind { boolean, text, url, file, port, number, size, duration, choice, patterns, types };

/// One thing the user can set. The table of all of them drives YAML keys, environment variables, flags and the listing.
struct Setting {
  std::string_view key;       ///< path in the YAML file; `mirror.x` stands for `mirrors.NAME.x` as well
  std::string_view variable;  ///< environment variable, empty where there is none
  SettingKind kind;
  std::string_view default_text;  ///< as a user would write it; empty: none
  std::string_view meaning;
  /// Can also be given as a file that holds it: key `x_file`, variable `X_FILE`. Never printed.
  bool secret = false;
};

/// In the order in which a reader wants to know them.
const std::vector<Setting>& settings();

/// Null where there is none.
const Setting* find_setting(std::string_view key);

/// Every environment variable that means something, the _FILE forms included.
std::vector<std::string> known_variables();

/// The table as Markdown, for the documentation: variable, key, default, meaning. docs/configuration.md holds it.
std::string settings_listing();

}  // namespace pgmirror::config
