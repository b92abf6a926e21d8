#include "sinks/postgres/apply_log.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "sinks/postgres/odd_values.hpp"

namespace pgmirror::sinks::postgres {

namespace {

const char* verb(RowEffect::Kind kind) {
  switch (kind) {
    case RowEffect::Kind::insert:
      return "Created";
    case RowEffect::Kind::update:
      return "Updated";
    case RowEffect::Kind::remove:
      return "Deleted";
    case RowEffect::Kind::nothing:
      break;
  }
  return nullptr;
}

}  // namespace

void log_applied(const Applied& outcome) {
  using seconds = std::chrono::duration<double>;
  const auto lag = std::chrono::system_clock::now() - outcome.last.time;
  // An idle source says now and then how far it is: nothing that people who read the log wait for.
  const auto level = outcome.changes == 0 ? spdlog::level::debug : spdlog::level::info;
  spdlog::log(level, "[MirrorApply] Applied {} transactions ({} rows) in {} ms, lag {:.2f} s", outcome.transactions,
              outcome.changes, std::chrono::duration_cast<std::chrono::milliseconds>(outcome.elapsed).count(),
              std::max(0.0, std::chrono::duration_cast<seconds>(lag).count()));
}

void log_rows(const NetBatch& batch) {
  if (!spdlog::should_log(spdlog::level::debug)) return;
  for (const auto& table : batch.tables()) {
    for (const RowEffect& row : table->rows()) {
      const char* what = verb(row.kind);
      if (what == nullptr) continue;
      std::string key = odd_key(*table->table(), {row.key, table->table()->relation->columns.size()});
      // A single key cell reads best without the array around it.
      if (table->table()->key.size() == 1) key = key.substr(1, key.size() - 2);
      spdlog::debug("[MirrorApply] {} {}#{} in mirror", what, table->table()->name, key);
    }
  }
}

}  // namespace pgmirror::sinks::postgres
