#include "agent/awaited_source.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "libpq/database_error.hpp"

namespace pgmirror::agent {
namespace {

constexpr std::chrono::seconds pause{5};

}  // namespace

AwaitedSource::AwaitedSource(std::string url, change::SourceIdentity identity, Opening open)
    : url_(std::move(url)), identity_(std::move(identity)), open_(std::move(open)) {}

std::optional<std::chrono::steady_clock::time_point> AwaitedSource::captured_until() const {
  const std::lock_guard lock(mutex_);
  return source_ ? source_->captured_until() : std::nullopt;
}

std::optional<std::string> AwaitedSource::trouble() const {
  const std::lock_guard lock(mutex_);
  if (source_) return source_->trouble();
  return absence_.empty() ? std::nullopt : std::optional(absence_);
}

capture::Source& AwaitedSource::opened() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return source_ || !absence_.empty(); });
  if (!source_) throw libpq::DatabaseError(absence_, "", true);
  return *source_;
}

void AwaitedSource::run(change::TransactionWriter& writer, std::stop_token stop) {
  const auto say_absent = [this](const std::string& why) {
    const std::lock_guard lock(mutex_);
    absence_ = fmt::format("source {}: {}", url_, why);
    changed_.notify_all();
  };
  // Nobody waits for what will not come any more.
  const std::stop_callback ending(stop, [&] { say_absent("is not followed any more"); });
  try {
    bool told = false;
    while (!source_ && !stop.stop_requested()) {
      try {
        auto source = open_();
        const std::lock_guard lock(mutex_);
        source_ = std::move(source);
        changed_.notify_all();
      } catch (const libpq::DatabaseError& absent) {
        say_absent(absent.what());
        spdlog::error("[MirrorSource] {} does not answer: {}; trying again in {} s", url_, absent.what(),
                      pause.count());
        told = true;
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop, pause, [] { return false; });
      }
    }
    if (told && source_) spdlog::info("[MirrorSource] The source can be followed again");
  } catch (const std::exception& refused) {
    say_absent(refused.what());
    throw;
  }
  if (source_) source_->run(writer, stop);
}

}  // namespace pgmirror::agent
