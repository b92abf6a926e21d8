#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace pgmirror::config {

/// What is wrong with the configuration, all of it at once.
///
/// Each message stands for itself and begins with the place: `pgmirror.yaml:7:3: unknown key "pol" in "mirror"; did you
/// mean "pool"?` or `MIRROR_DB_PORT: "abc" is not a port (1 to 65535)`. No message holds a secret. what() is all of
/// them, a line each.
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::vector<std::string> messages);
  const std::vector<std::string>& messages() const { return messages_; }

 private:
  std::vector<std::string> messages_;
};

}  // namespace pgmirror::config
