#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/config_error.hpp"

namespace pgmirror::config {

/// Command line flags by key path (`source.url`, `mirrors.eu.pool`; `config` is the YAML file).
using Flags = std::map<std::string, std::string>;
/// Environment variables by name.
using Environment = std::map<std::string, std::string>;

/// The environment of this process. Call it before threads are started that change the environment.
Environment process_environment();

struct LoadedConfig {
  Config config;
  /// What is odd but no error (a variable that looks mistyped, a connection without encryption), without secrets.
  std::vector<std::string> warnings;
};

/// What the user asked for: flags stand above the environment, the environment above the YAML file (flag `config` or
/// MIRROR_CONFIG), the file above the defaults. settings.hpp lists every key.
///
/// A variable or flag that is empty counts as not set. Variables about the mirror (MIRROR_DB_*, MIRROR_ON_POISON, ...)
/// need exactly one mirror. Host, port, name, user, password and TLS values given alone stand above the same part of a
/// URL, unless the URL comes from a higher layer.
///
/// Reads the YAML file and files that hold secrets; looks at nothing else. Throws ConfigError with everything that is
/// wrong. With `enabled` false only that counts: what is wrong elsewhere comes as warnings.
LoadedConfig load_config(const Flags& flags, const Environment& environment);

}  // namespace pgmirror::config
