#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgmirror::config {

struct YamlEntry;

/// A YAML file as written: scalars stay text, so that a schema called `no` is not false. Lines and columns count
/// from 1.
struct YamlNode {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  int line = 0;
  int column = 0;
  std::string text{};
  std::vector<YamlNode> items{};
  std::vector<YamlEntry> entries;
};

struct YamlEntry {
  std::string key;
  int line = 0;
  int column = 0;
  YamlNode value{};
};

/// A key as messages show it: `url...` for `url:postgresql://...`. Whoever forgets the blank after the colon makes the
/// value part of the key, and the value may be a secret. Long keys are cut, too.
std::string shown_key(std::string_view key);

/// Reads one document whose top is a map; nothing but comments is an empty map.
///
/// Stricter than YAML: UTF-8 only (a byte order mark is fine), no NUL, no tabs in indentation, no anchors, aliases or
/// tags, no key twice, one document. Throws ConfigError; messages begin with `file:line:column:` and hold keys but no
/// values.
YamlNode parse_yaml(std::string_view text, const std::string& file);

}  // namespace pgmirror::config
