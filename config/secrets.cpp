#include "config/secrets.hpp"

namespace pgmirror::config {
namespace {

void add(std::vector<std::string>& found, const ConnectionSettings& connection) {
  if (!connection.password.empty()) found.push_back(connection.password);
  if (const auto key_password = connection.parameters.find("sslpassword");
      key_password != connection.parameters.end()) {
    found.push_back(key_password->second);
  }
}

}  // namespace

std::vector<std::string> secrets(const Config& config) {
  std::vector<std::string> found;
  if (config.postgres) add(found, config.postgres->connection);
  for (const Mirror& mirror : config.mirrors) add(found, mirror.connection);
  return found;
}

}  // namespace pgmirror::config
