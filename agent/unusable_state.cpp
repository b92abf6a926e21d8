#include "agent/unusable_state.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "agent/state_directory.hpp"
#include "capture/sqlite/shadow_store.hpp"
#include "queue/inspection.hpp"

namespace pgmirror::agent {

namespace fs = std::filesystem;

std::optional<std::string> why_state_is_unusable(const fs::path& state_directory) {
  const fs::path queue_place = queue_directory(state_directory);
  const fs::path shadow_place = shadow_directory(state_directory);
  const bool queue_begun = has_queue(queue_place);
  const bool has_shadow = capture::sqlite::ShadowStore::exists(shadow_place);
  if (!queue_begun && !has_shadow) return std::nullopt;
  try {
    std::uint64_t end = 0;
    if (queue_begun) {
      const queue::QueueReport report = queue::inspect(queue_place, queue::Depth::headers);
      if (report.damage) {
        return fmt::format("queue: {} is damaged at offset {}: {}", report.damage->file, report.damage->offset,
                           report.damage->what);
      }
      if (!report.segments.empty()) end = report.segments.back().last.value;
      if (!report.segments.empty() && !has_shadow) return "shadow: is missing, though there is a queue";
    }
    if (has_shadow) const capture::sqlite::ShadowStore shadow(shadow_place, end);
  } catch (const std::exception& failure) {
    return failure.what();
  }
  return std::nullopt;
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
