#include "config/config.hpp"

#include <fmt/format.h>

namespace pgmirror::config {

std::string ConnectionSettings::address() const {
  const bool bare_ipv6 = host.find(':') != std::string::npos;
  return bare_ipv6 ? fmt::format("[{}]:{}/{}", host, port, database) : fmt::format("{}:{}/{}", host, port, database);
}

}  // namespace pgmirror::config
