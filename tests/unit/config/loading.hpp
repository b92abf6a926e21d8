#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "config/load_config.hpp"

namespace pgmirror::tests {

/// A directory for the files of one test, removed with it.
class ConfigDirectory {
 public:
  ConfigDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pgmirror_config_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = pattern;
  }
  ~ConfigDirectory() { std::filesystem::remove_all(path_); }
  ConfigDirectory(const ConfigDirectory&) = delete;
  ConfigDirectory& operator=(const ConfigDirectory&) = delete;

  /// Writes a file and returns its path.
  std::string write(const std::string& name, const std::string& content) const {
    const std::filesystem::path file = path_ / name;
    std::ofstream(file, std::ios::binary) << content;
    return file.string();
  }
  std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// The least that loads: a SQLite store and a mirror on this machine.
inline config::Environment enough(config::Environment more = {}) {
  more.emplace("MIRROR_SOURCE_URL", "sqlite:///data/app.db");
  more.emplace("MIRROR_DB_URL", "postgresql://app:S3cret-tok@localhost/copy");
  return more;
}

inline config::Config load(const config::Environment& environment, const config::Flags& flags = {}) {
  return config::load_config(flags, environment).config;
}

/// What is wrong with it; empty when it loads.
inline std::vector<std::string> problems(const config::Environment& environment, const config::Flags& flags = {}) {
  try {
    config::load_config(flags, environment);
  } catch (const config::ConfigError& error) {
    return error.messages();
  }
  return {};
}

/// The same for a YAML file, whose path is cut down to `pgmirror.yaml`.
inline std::vector<std::string> yaml_problems(const std::string& yaml, config::Environment environment = {}) {
  const ConfigDirectory directory;
  const std::string file = directory.write("pgmirror.yaml", yaml);
  environment["MIRROR_CONFIG"] = file;
  std::vector<std::string> messages = problems(environment);
  for (std::string& message : messages) {
    if (const auto at = message.find(file); at != std::string::npos) message.replace(at, file.size(), "pgmirror.yaml");
  }
  return messages;
}

inline config::LoadedConfig load_yaml(const std::string& yaml, config::Environment environment = {}) {
  const ConfigDirectory directory;
  environment["MIRROR_CONFIG"] = directory.write("pgmirror.yaml", yaml);
  return config::load_config({}, environment);
}

using Messages = std::vector<std::string>;

}  // namespace pgmirror::tests
