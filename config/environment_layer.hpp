#pragma once

#include <map>
#include <set>
#include <string>

#include "config/given_values.hpp"

namespace pgmirror::config {

/// Puts what environment variables say over what is there. Comes after the file, which says how many mirrors there are.
///
/// Reads the files that _FILE variables name. Variables that begin like ours and mean nothing become warnings, unless
/// the file used them (`used_variables`).
void add_environment_layer(const std::map<std::string, std::string>& environment,
                           const std::set<std::string>& used_variables, Given& given);

}  // namespace pgmirror::config
