#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"

namespace pgmirror::config {

/// What is wrong with settings that are fine one by one: a mirror that is the source, two mirrors in one database,
/// schemas in patterns for a store without schemas.
std::vector<std::string> contradictions(const Config& config);

/// What is allowed and probably not meant.
std::vector<std::string> risks(const Config& config);

}  // namespace pgmirror::config
