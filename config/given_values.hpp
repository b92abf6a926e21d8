#pragma once

#include <compare>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace pgmirror::config {

/// Where a value came from; the later one wins.
enum class Layer { file, environment, flag };

/// A value as the user gave it, not yet looked at.
struct GivenValue {
  Layer layer = Layer::file;
  std::string place;  ///< what a message about it begins with: `pgmirror.yaml:7:9: mirror.port` or `MIRROR_DB_PORT`
  std::string text{};
  std::vector<std::string> items{};  ///< of a list in the YAML file; else empty
};

/// Values by key path, one layer put over the other.
class GivenValues {
 public:
  /// Takes the place of a value of the same or a lower layer.
  void put(std::string_view key, GivenValue value);
  /// Null where nothing was given.
  const GivenValue* find(std::string_view key) const;
  bool empty() const { return values_.empty(); }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }

 private:
  std::map<std::string, GivenValue, std::less<>> values_;
};

struct GivenMirror {
  std::string name;
  std::string place;     ///< where its section stands in the file, empty when it has none
  GivenValues values{};  ///< by `mirror.x`
};

/// All that was given, and what was wrong with it so far.
struct Given {
  GivenValues values{};
  std::vector<GivenMirror> mirrors{};
  std::map<std::string, TypeOverride> types{};
  std::vector<std::string> problems{};
  std::vector<std::string> warnings{};

  /// Finds or makes the mirror of this name.
  GivenMirror& mirror(std::string_view name);
  /// Where a value goes that names no mirror (`mirror.port` from the environment): the general values, or the only
  /// mirror. Null, and a problem that begins with `place`, where there are several.
  GivenValues* values_for(std::string_view key, std::string_view place);
};

}  // namespace pgmirror::config
