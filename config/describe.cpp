#include "config/describe.hpp"

#include <fmt/format.h>

#include "config/byte_size.hpp"
#include "config/duration.hpp"
#include "config/tls.hpp"

namespace pgmirror::config {
namespace {

std::string poison_text(PoisonRule rule) {
  switch (rule) {
    case PoisonRule::stop_table:
      return "a row that the mirror refuses stops its table, the others go on";
    case PoisonRule::park:
      return "a row that the mirror refuses is parked, its table goes on";
    case PoisonRule::stop:
      return "a row that the mirror refuses stops the mirror";
  }
  return {};
}

void describe_source(const Config& config, std::vector<std::string>& lines) {
  lines.push_back("Source: " + config.source_url);
  if (config.sqlite) {
    lines.emplace_back(config.sqlite->switch_to_wal ? "Source: a file in rollback-journal mode is switched to WAL"
                                                    : "Source: the file's journal mode is left as it is");
  }
  if (config.postgres) {
    lines.push_back("Source: " + describe_tls(config.postgres->connection));
    lines.emplace_back(config.postgres->method == CaptureMethod::triggers
                           ? "Source: changes are found by triggers, which are made there"
                           : "Source: changes are found by logical decoding");
  }
}

void describe_mirror(const Config& config, const Mirror& mirror, std::vector<std::string>& lines) {
  const std::string who = config.mirrors.size() == 1 ? "Mirror DB" : fmt::format("Mirror DB \"{}\"", mirror.name);
  lines.push_back(fmt::format("{}: {} ({})", who, mirror.connection.address(), describe_tls(mirror.connection)));
  lines.push_back(fmt::format(
      "{}: {}, {} connection{}", who,
      config.sqlite ? fmt::format("tables land in schema {}", mirror.schema) : std::string("tables keep their schemas"),
      mirror.pool, mirror.pool == 1 ? "" : "s"));
  lines.push_back(fmt::format("{}: {}", who, poison_text(mirror.on_poison)));
  lines.push_back(fmt::format("{}: foreign keys are {}; a table dropped in the source {}", who,
                              mirror.foreign_keys ? "made" : "left out",
                              mirror.drop_tables ? "is dropped in the mirror" : "stays in the mirror as it was"));
  for (const auto& [column, type] : mirror.types) {
    lines.push_back(fmt::format("{}: {} becomes {}{}", who, column, type.type,
                                type.encoding.empty() ? std::string() : fmt::format(" (read as {})", type.encoding)));
  }
}

}  // namespace

std::string describe_tls(const ConnectionSettings& connection) {
  if (connection.host.starts_with('/') || connection.host.starts_with('@')) return "tls: none, Unix socket";
  const std::string& mode = connection.sslmode;
  const bool has_root = !connection.sslrootcert.empty();
  std::string_view meaning = "server and its name verified";
  if (mode == "disable") meaning = "never encrypted";
  if (mode == "allow") meaning = "encrypted only if the server insists";
  if (mode == "prefer") meaning = "encrypted only if the server offers it";
  // libpq verifies the certificate in mode require when it is given a CA file.
  if (mode == "require") meaning = has_root ? "server verified, its name not" : "server not verified";
  if (mode == "verify-ca") meaning = "server verified, its name not";
  return fmt::format("tls: {}, {}", mode, meaning);
}

std::vector<std::string> describe(const Config& config) {
  if (!config.enabled) return {"Database mirroring is disabled"};
  std::vector<std::string> lines{"Database mirroring is enabled"};
  describe_source(config, lines);
  for (const Mirror& mirror : config.mirrors) describe_mirror(config, mirror, lines);
  for (const std::string& line : config.tables.describe()) lines.push_back("Tables: " + line);
  lines.push_back(fmt::format("Queue: at most {} in {}, applied changes {}",
                              byte_size_text(config.queue.disk_budget_bytes), config.state_dir.string(),
                              config.queue.retention.count() == 0
                                  ? std::string("are deleted once every mirror has them")
                                  : "are kept for " + duration_text(config.queue.retention)));
  if (config.verify_every.count() > 0) {
    lines.push_back("Verify: mirrors are compared with the source every " + duration_text(config.verify_every));
  }
  lines.push_back(
      fmt::format("Log: {} as {}", config.log.level, config.log.format == LogFormat::json ? "JSON" : "text"));
  lines.push_back(config.http_listen.empty() ? "HTTP: no endpoint"
                                             : "HTTP: status, health and metrics on " + config.http_listen);
  return lines;
}

}  // namespace pgmirror::config
