#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"

namespace pgmirror::config {

/// What the configuration means, in plain words, a line each, without secrets.
std::vector<std::string> describe(const Config& config);

/// What is and is not promised about the line to this server: `tls: require, server not verified`.
std::string describe_tls(const ConnectionSettings& connection);

}  // namespace pgmirror::config
