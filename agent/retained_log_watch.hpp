#pragma once

#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "capture/postgres/retained_log.hpp"

namespace pgmirror::agent {

/// Asks a PostgreSQL source every half minute what it keeps for us, on a thread of its own: capturing may stand still
/// just then, because the queue is full. Any thread may call.
class RetainedLogWatch {
 public:
  /// `settings` outlives this.
  explicit RetainedLogWatch(const config::PostgresSource& settings);

  /// As of the last answer; nothing before the first, and while the source does not answer.
  std::optional<capture::postgres::RetainedLog> last() const;

 private:
  void watch(const std::stop_token& stop);

  const config::PostgresSource& settings_;
  mutable std::mutex mutex_;
  std::optional<capture::postgres::RetainedLog> last_;
  std::jthread thread_;
};

}  // namespace pgmirror::agent
