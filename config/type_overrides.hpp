#pragma once

#include <map>
#include <string>

#include "config/config.hpp"
#include "config/file_values.hpp"

namespace pgmirror::config {

/// The `types` section of the file: types by column, quotes taken off the names.
std::map<std::string, TypeOverride> read_type_overrides(const YamlNode& section, FileValues& file);

}  // namespace pgmirror::config
