#pragma once

#include <chrono>

#include "sinks/postgres/batch_pipeline.hpp"
#include "sinks/postgres/mirror_status.hpp"
#include "sinks/postgres/table_registry.hpp"

namespace pgmirror::sinks::postgres {

/// Tells people how far a session has come: the status board at once, the log once a second. One thread.
class ApplyProgress {
 public:
  /// `board` outlives it.
  explicit ApplyProgress(StatusBoard& board) : board_(board) {}

  void applied(const Applied& outcome);
  /// What the log has not told yet it will not tell.
  void forget() { since_report_ = {}; }
  void publish(const TableRegistry& tables);

 private:
  StatusBoard& board_;
  std::chrono::steady_clock::time_point last_report_{};
  Applied since_report_{};
};

}  // namespace pgmirror::sinks::postgres
