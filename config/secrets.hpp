#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"

namespace pgmirror::config {

/// Every secret in the configuration, for redaction.
std::vector<std::string> secrets(const Config& config);

}  // namespace pgmirror::config
