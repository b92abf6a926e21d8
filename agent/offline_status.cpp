#include "agent/offline_status.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "agent/log_line.hpp"
#include "agent/state_directory.hpp"
#include "agent/status_document.hpp"
#include "libpq/database_error.hpp"
#include "queue/inspection.hpp"
#include "sinks/postgres/mirror_peek.hpp"

namespace pgmirror::agent {

using nlohmann::json;

namespace {

/// What can be read of the queue, or why it cannot.
struct QueueFound {
  std::optional<queue::QueueReport> report;
  std::string trouble;
};

QueueFound look_at_queue(const config::Config& config) {
  const std::filesystem::path directory = queue_directory(config.state_dir);
  std::error_code error;
  if (!std::filesystem::exists(directory, error) && !error) return {};
  try {
    QueueFound found{.report = queue::inspect(directory, queue::Depth::headers)};
    if (found.report->damage) {
      found.trouble = fmt::format("queue: {} is damaged ({}); run \"pgmirror queue verify\"",
                                  found.report->damage->file, found.report->damage->what);
    }
    return found;
  } catch (const std::exception& failure) {
    return {.trouble = fmt::format("queue: {}", failure.what())};
  }
}

void fill_queue(AgentStatus& status, const queue::QueueReport& report) {
  status.identity = report.source.text;
  status.queue.segments = report.segments.size();
  for (const queue::SegmentReport& segment : report.segments) {
    status.queue.bytes += segment.file_bytes;
    if (!status.queue.oldest_commit) status.queue.oldest_commit = segment.first_commit;
    status.captured = segment.last;
  }
}

}  // namespace

std::optional<capture::postgres::RetainedLog> retained_log(const config::Config& config) {
  if (!config.postgres) return std::nullopt;
  try {
    return capture::postgres::read_retained_log(*config.postgres);
  } catch (const libpq::DatabaseError&) {
    // "pgmirror doctor" says what is wrong with the source.
    return std::nullopt;
  }
}

json offline_status(const config::Config& config) {
  AgentStatus status{.version = PGMIRROR_VERSION,
                     .source = config.source_url,
                     .method = capture_method(config),
                     .phase = AgentStatus::Phase::ending};
  status.queue.budget_bytes = config.queue.disk_budget_bytes;
  const QueueFound found = look_at_queue(config);
  if (found.report) fill_queue(status, *found.report);
  std::vector<std::string> troubles{
      fmt::format("no agent runs on {}: nothing is mirrored; start \"pgmirror run\"", config.state_dir.string())};
  if (!found.trouble.empty()) troubles.push_back(found.trouble);

  const auto retained = retained_log(config);
  if (const auto trouble = retained ? retained->trouble_unread() : std::nullopt) troubles.push_back(*trouble);

  std::vector<sinks::postgres::MirrorPeek> peeks;
  for (const config::Mirror& mirror : config.mirrors) {
    peeks.push_back(sinks::postgres::peek_at_mirror(mirror));
    status.mirrors.push_back({.status = peeks.back().status});
  }

  json document = status_document(status, std::chrono::system_clock::now());
  document["agent"] = {{"running", false}, {"version", PGMIRROR_VERSION}};
  if (!found.report) document["queue"] = nullptr;
  if (retained) document["source"]["retained_bytes"] = retained->bytes;
  for (std::size_t i = 0; i < peeks.size(); ++i) {
    json& mirror = document["mirrors"][i];
    const bool complete = found.report && peeks[i].reachable && status.mirrors[i].status.position == status.captured &&
                          status.captured != change::Position{};
    mirror["state"] = peeks[i].reachable ? "not_running" : "unreachable";
    mirror["durable_position"] = nullptr;
    mirror["applied"] = nullptr;
    if (!complete) {
      mirror["lag_seconds"] = nullptr;
      mirror["backlog"] = {
          {"transactions", nullptr}, {"changes", nullptr}, {"bytes", nullptr}, {"oldest_commit", nullptr}};
    }
    if (!peeks[i].reachable) {
      troubles.push_back(fmt::format("mirror \"{}\": {}", config.mirrors[i].name, peeks[i].status.reason));
    }
  }
  for (const std::string& trouble : status.troubles()) troubles.push_back(trouble);
  document["troubles"] = troubles;
  document["healthy"] = false;
  return document;
}

}  // namespace pgmirror::agent
