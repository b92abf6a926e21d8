#include "agent/unusable_state.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "agent/state_directory.hpp"
#include "capture/postgres/continuation.hpp"
#include "capture/postgres/triggers/trigger_source.hpp"
#include "capture/sqlite/shadow_store.hpp"
#include "queue/inspection.hpp"

namespace pgmirror::agent {

namespace fs = std::filesystem;

namespace {

/// What the headers of the queue's segments say.
struct QueueFound {
  std::optional<change::SourceIdentity> identity;  ///< none: there is no queue
  change::Position end;
  std::optional<std::string> damage;
};

QueueFound look_at_queue(const fs::path& place) {
  if (!has_queue(place)) return {};
  const queue::QueueReport report = queue::inspect(place, queue::Depth::headers);
  if (report.damage) {
    return {.damage = fmt::format("queue: {} is damaged at offset {}: {}", report.damage->file, report.damage->offset,
                                  report.damage->what)};
  }
  if (report.segments.empty()) return {};
  return {.identity = report.source, .end = report.segments.back().last};
}

std::optional<std::string> why_shadow_is_unusable(const fs::path& place, const QueueFound& queue) {
  const bool exists = capture::sqlite::ShadowStore::exists(place);
  if (queue.identity && !exists) return "shadow: is missing, though there is a queue";
  try {
    if (exists) const capture::sqlite::ShadowStore shadow(place, queue.end.value);
  } catch (const std::exception& failure) {
    return failure.what();
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> why_state_is_unusable(const config::Config& config) {
  QueueFound queue;
  try {
    queue = look_at_queue(queue_directory(config.state_dir));
  } catch (const std::exception& failure) {
    return failure.what();
  }
  if (queue.damage) return queue.damage;
  if (config.postgres && config.postgres->method == config::CaptureMethod::triggers) {
    return capture::postgres::triggers::why_log_not_continued(*config.postgres, queue.end, queue.identity);
  }
  if (config.postgres) {
    return capture::postgres::why_not_continued(*config.postgres, queue.end, queue.identity);
  }
  return why_shadow_is_unusable(shadow_directory(config.state_dir), queue);
}

std::vector<fs::path> move_state_aside(const fs::path& state_directory, std::chrono::system_clock::time_point now) {
  const std::string suffix =
      fmt::format(".old-{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
  std::vector<fs::path> moved;
  for (const fs::path& place : {queue_directory(state_directory), shadow_directory(state_directory)}) {
    if (!fs::exists(place)) continue;
    moved.emplace_back(place.string() + suffix);
    fs::rename(place, moved.back());
  }
  return moved;
}

}  // namespace pgmirror::agent
