#pragma once

#include <map>
#include <string>

#include "config/given_values.hpp"

namespace pgmirror::config {

/// Puts what command line flags say (key path to text) over what is there; unknown keys become problems. Reads the
/// files that
/// `..._file` keys name.
void add_flag_layer(const std::map<std::string, std::string>& flags, Given& given);

}  // namespace pgmirror::config
