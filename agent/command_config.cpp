#include "agent/command_config.hpp"

#include <spdlog/spdlog.h>

namespace pgmirror::agent {

config::Config command_config(const config::Flags& flags) {
  spdlog::set_level(spdlog::level::off);
  config::Config config = config::load_config(flags, config::process_environment()).config;
  if (!config.enabled) {
    throw config::ConfigError({"DATABASE_MIRROR_ENABLED: is false, so there is nothing to ask or to tell"});
  }
  return config;
}

}  // namespace pgmirror::agent
