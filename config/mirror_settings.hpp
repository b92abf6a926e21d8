#pragma once

#include <string>
#include <vector>

#include "config/given_values.hpp"

namespace pgmirror::config {

/// Makes one mirror of what was given for it; what is wrong or missing becomes problems that say what to set.
///
/// Of the connection's parts, one given alone stands above the same part of the URL, unless the URL comes from a higher
/// layer. A URL hides the URLs of lower layers altogether.
Mirror read_mirror(const GivenMirror& given, std::vector<std::string>& problems);

/// The connection to a PostgreSQL source, which a URL alone describes, TLS settled. Throws InvalidValue, without
/// secrets.
ConnectionSettings read_source_url(const std::string& url);

}  // namespace pgmirror::config
