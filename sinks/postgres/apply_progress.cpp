#include "sinks/postgres/apply_progress.hpp"

#include <spdlog/spdlog.h>

#include "sinks/postgres/apply_log.hpp"

namespace pgmirror::sinks::postgres {

void ApplyProgress::applied(const Applied& outcome) {
  board_.update([&](MirrorStatus& status) {
    status.position = outcome.last.position;
    status.commit_time = outcome.last.time;
    status.transactions += outcome.transactions;
    status.changes += outcome.changes;
    status.drifted_rows += outcome.drifted_rows;
  });
  if (outcome.drifted_rows > 0) {
    spdlog::warn("[MirrorApply] {} rows of the mirror were not as they had been left: run \"pgmirror verify\"",
                 outcome.drifted_rows);
  }
  since_report_.last = outcome.last;
  since_report_.transactions += outcome.transactions;
  since_report_.changes += outcome.changes;
  since_report_.elapsed += outcome.elapsed;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_report_ >= std::chrono::seconds{1}) {
    log_applied(since_report_);
    since_report_ = {};
    last_report_ = now;
  }
}

void ApplyProgress::publish(const TableRegistry& tables) {
  board_.update([&](MirrorStatus& status) {
    status.tables.clear();
    for (const auto& [name, table] : tables.tables()) {
      status.tables.push_back({.schema = name.first,
                               .name = name.second,
                               .state = to_string(table.state),
                               .changes = table.changes,
                               .skipped = table.skipped,
                               .last_error = table.last_error});
    }
  });
}

}  // namespace pgmirror::sinks::postgres
