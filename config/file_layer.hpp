#pragma once

#include <map>
#include <set>
#include <string>

#include "config/given_values.hpp"

namespace pgmirror::config {

/// Adds what a YAML file says to `given`, environment variables in its values expanded; unknown keys and values of the
/// wrong shape become problems. Names of variables that the file uses are added to `used_variables`.
///
/// Reads the file and the secret files it names. Throws ConfigError when the file cannot be read or is not YAML.
void add_file_layer(const std::string& path, const std::map<std::string, std::string>& environment, Given& given,
                    std::set<std::string>& used_variables);

}  // namespace pgmirror::config
