#include "config/load_config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <set>

#include "config/contradictions.hpp"
#include "config/duration.hpp"
#include "config/environment_layer.hpp"
#include "config/file_layer.hpp"
#include "config/flag_layer.hpp"
#include "config/mirror_settings.hpp"
#include "config/source_settings.hpp"
#include "config/value_reader.hpp"

namespace pgmirror::config {
namespace {

void append(std::vector<std::string>& all, const std::vector<std::string>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

std::string config_file(const Flags& flags, const Environment& environment) {
  if (const auto flag = flags.find("config"); flag != flags.end() && !flag->second.empty()) return flag->second;
  const auto variable = environment.find("MIRROR_CONFIG");
  return variable == environment.end() ? std::string() : variable->second;
}

/// False when the file could not be read: what it would have said is not missing then, only unknown.
bool gather(const Flags& flags, const Environment& environment, Given& given) {
  bool file_is_known = true;
  std::set<std::string> used_variables;
  if (const std::string path = config_file(flags, environment); !path.empty()) {
    try {
      add_file_layer(path, environment, given, used_variables);
    } catch (const ConfigError& error) {
      append(given.problems, error.messages());
      file_is_known = false;
    }
  }
  add_environment_layer(environment, used_variables, given);
  add_flag_layer(flags, given);
  return file_is_known;
}

TableRules read_rules(const ValueReader& reader, std::vector<std::string>& problems) {
  std::vector<std::vector<std::string>> patterns;
  for (const std::string_view key : {"tables.include", "tables.exclude", "columns.exclude", "tables.partitioned"}) {
    patterns.push_back(reader.read_list(key));
    const std::size_t last = patterns.size() - 1;
    try {
      const std::vector<std::string> none;
      const TableRules alone(last == 0 ? patterns[0] : none, last == 1 ? patterns[1] : none,
                             last == 2 ? patterns[2] : none, last == 3 ? patterns[3] : none);
    } catch (const ConfigError& error) {
      for (const std::string& message : error.messages()) {
        problems.push_back(fmt::format("{}: {}", reader.find(key)->place, message));
      }
      patterns.back().clear();
    }
  }
  return TableRules(patterns[0], patterns[1], patterns[2], patterns[3]);
}

void read_mirrors(const Given& given, Config& config, std::vector<std::string>& problems) {
  for (const GivenMirror& one : given.mirrors) {
    Mirror mirror = read_mirror(one, problems);
    mirror.types = given.types;
    config.mirrors.push_back(std::move(mirror));
  }
}

void require_both_ends(const Given& given, std::vector<std::string>& problems) {
  if (given.values.find("source.url") == nullptr) {
    problems.emplace_back("source: none is given; set MIRROR_SOURCE_URL, for example sqlite:///data/app.db");
  }
  if (given.mirrors.empty()) {
    problems.emplace_back(
        "mirror: none is given; set MIRROR_DB_URL, or MIRROR_DB_HOST, MIRROR_DB_NAME, MIRROR_DB_USER and "
        "MIRROR_DB_PASSWORD");
  }
}

void read_everything_else(const Given& given, ValueReader& reader, Config& config, std::vector<std::string>& problems) {
  read_source(reader, config);
  config.tables = read_rules(reader, problems);
  read_mirrors(given, config, problems);
  reader.read("state_dir", config.state_dir, parse_plain_text);
  reader.read("queue.disk_budget", config.queue.disk_budget_bytes, parse_disk_budget);
  reader.read("verify.every", config.verify_every, parse_duration);
  reader.read("verify.rate", config.verify_rate, parse_rate);
  reader.read("queue.retention", config.queue.retention, parse_duration);
  reader.read("http.listen", config.http_listen, parse_listen_address);
  append(problems, contradictions(config));
}

}  // namespace

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t sign = text.find('=');
    if (sign != std::string_view::npos) environment.emplace(text.substr(0, sign), text.substr(sign + 1));
  }
  return environment;
}

LoadedConfig load_config(const Flags& flags, const Environment& environment) {
  Given given;
  const bool file_is_known = gather(flags, environment, given);
  LoadedConfig loaded{{}, std::move(given.warnings)};
  std::vector<std::string> problems = std::move(given.problems);
  ValueReader reader(given.values, problems);
  reader.read("enabled", loaded.config.enabled, parse_boolean);
  reader.read("log.level", loaded.config.log.level, parse_log_level);
  reader.read("log.format", loaded.config.log.format, parse_log_format);
  if (!loaded.config.enabled) {
    append(loaded.warnings, problems);
    return loaded;
  }
  if (file_is_known) require_both_ends(given, problems);
  read_everything_else(given, reader, loaded.config, problems);
  if (!problems.empty()) throw ConfigError(std::move(problems));
  append(loaded.warnings, risks(loaded.config));
  return loaded;
}

}  // namespace pgmirror::config
