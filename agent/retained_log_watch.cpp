#include "agent/retained_log_watch.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <condition_variable>

#include "libpq/database_error.hpp"

namespace pgmirror::agent {
namespace {

constexpr std::chrono::seconds interval{30};

}  // namespace

RetainedLogWatch::RetainedLogWatch(const config::PostgresSource& settings)
    : settings_(settings), thread_([this](const std::stop_token& stop) { watch(stop); }) {}

std::optional<capture::postgres::RetainedLog> RetainedLogWatch::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void RetainedLogWatch::watch(const std::stop_token& stop) {
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    std::optional<capture::postgres::RetainedLog> now;
    try {
      now = capture::postgres::read_retained_log(settings_);
    } catch (const libpq::DatabaseError& error) {
      // Capturing says so itself.
      spdlog::debug("[MirrorSource] What the source keeps is not known: {}", error.what());
    }
    std::unique_lock lock(mutex_);
    last_ = now;
    wake.wait_for(lock, stop, interval, [] { return false; });
  }
}

}  // namespace pgmirror::agent
