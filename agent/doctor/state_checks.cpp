#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "agent/doctor/checks.hpp"
#include "agent/plain_figure.hpp"
#include "agent/state_directory.hpp"
#include "capture/sqlite/shadow_store.hpp"

namespace pgmirror::agent::doctor {

namespace fs = std::filesystem;

namespace {

constexpr const char* subject = "state directory";

fs::path nearest_existing(fs::path place) {
  while (!fs::exists(place) && place.has_relative_path()) place = place.parent_path();
  return place.empty() ? fs::path(".") : place;
}

std::uint64_t bytes_below(const fs::path& directory) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(directory, error)) {
    std::error_code gone;
    if (entry.is_regular_file(gone)) bytes += entry.file_size(gone);
  }
  return bytes;
}

Finding check_permissions(const fs::path& directory) {
  const fs::path place = nearest_existing(directory);
  struct stat status {};
  if (::stat(place.c_str(), &status) != 0 || ::access(place.c_str(), W_OK | X_OK) != 0) {
    return {.level = Level::error,
            .subject = subject,
            .what = fmt::format("this user may not write in {}", place.string()),
            .why = "queue and shadow are kept there",
            .remedy = fmt::format("chown {} {}, or set MIRROR_STATE_DIR", ::geteuid(), place.string())};
  }
  if (place == directory && (status.st_mode & S_IWOTH) != 0) {
    return {.level = Level::error,
            .subject = subject,
            .what = fmt::format("everybody may write in {}", place.string()),
            .why = "the queue holds the rows, and whoever writes there commands the agent",
            .remedy = fmt::format("chmod 700 {}", place.string())};
  }
  if (place == directory && (status.st_mode & (S_IRGRP | S_IROTH | S_IXGRP | S_IXOTH)) != 0) {
    return {.level = Level::warning,
            .subject = subject,
            .what = fmt::format("{} is open to others ({:03o})", place.string(), status.st_mode & 0777U),
            .why = "files in it are for their owner only, but their names and sizes are not",
            .remedy = fmt::format("chmod 700 {}", place.string())};
  }
  return {Level::ok, subject, fmt::format("{} can be written", directory.string())};
}

Finding check_room(const config::Config& config, std::uint64_t source_bytes) {
  const fs::path place = nearest_existing(config.state_dir);
  const fs::space_info room = fs::space(place);
  const std::uint64_t held = bytes_below(queue_directory(config.state_dir));
  const std::uint64_t budget = config.queue.disk_budget_bytes;
  const bool has_shadow = capture::sqlite::ShadowStore::exists(shadow_directory(config.state_dir));
  const std::uint64_t shadow = has_shadow ? 0 : source_bytes;
  const std::uint64_t queue = budget > held ? budget - held : 0;
  if (room.available < shadow) {
    return {.level = Level::error,
            .subject = subject,
            .what = fmt::format("{} free, but the copy of the source's pages needs {}", bytes_text(room.available),
                                bytes_text(shadow)),
            .why = "the first start would end with a full disk",
            .remedy = "put MIRROR_STATE_DIR on a larger volume"};
  }
  if (room.available < shadow + queue) {
    return {
        .level = Level::warning,
        .subject = subject,
        .what = fmt::format("{} free, but the queue may grow by {}{}", bytes_text(room.available), bytes_text(queue),
                            has_shadow ? "" : fmt::format(" besides the source's {}", bytes_text(shadow))),
        .why = "with a mirror away for long, the disk would be full before the queue's budget is reached",
        .remedy = fmt::format("free some room, or set MIRROR_QUEUE_DISK_BUDGET={}MiB",
                              std::max<std::uint64_t>(64, (room.available - shadow) * 9 / 10 >> 20U))};
  }
  return {Level::ok, subject,
          fmt::format("{} free: enough for the queue's budget of {}", bytes_text(room.available), bytes_text(budget))};
}

}  // namespace

Findings check_state_directory(const config::Config& config, std::uint64_t source_bytes) {
  return {check_permissions(config.state_dir), check_room(config, source_bytes)};
}

}  // namespace pgmirror::agent::doctor
