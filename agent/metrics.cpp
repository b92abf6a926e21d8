#include "agent/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <functional>
#include <sstream>

#include "agent/status_document.hpp"

namespace pgmirror::agent {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using sinks::postgres::MirrorState;
using Labels = std::vector<ClientMetric::Label>;
using Mirror = AgentStatus::Mirror;

constexpr std::array mirror_states{MirrorState::connecting, MirrorState::copying, MirrorState::streaming,
                                   MirrorState::waiting,    MirrorState::paused,  MirrorState::failed,
                                   MirrorState::finished};

double seconds_of(std::chrono::system_clock::duration time) { return std::chrono::duration<double>(time).count(); }

/// Collects families; a sample without a value is left out, because a 0 would say something else.
class Exposition {
 public:
  void add(MetricType type, const char* name, const char* help) {
    families_.push_back({.name = name, .help = help, .type = type, .metric = {}});
  }
  void sample(double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    (families_.back().type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    families_.back().metric.push_back(std::move(metric));
  }
  void single(MetricType type, const char* name, const char* help, double value) {
    add(type, name, help);
    sample(value);
  }
  void per_mirror(const AgentStatus& status, MetricType type, const char* name, const char* help,
                  const std::function<std::optional<double>(const Mirror&)>& value) {
    add(type, name, help);
    for (const Mirror& mirror : status.mirrors) {
      if (const std::optional<double> known = value(mirror)) sample(*known, {{"mirror", mirror.status.name}});
    }
  }
  std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_);
    return out.str();
  }

 private:
  std::vector<MetricFamily> families_;
};

void add_agent(Exposition& out, const AgentStatus& status) {
  out.add(MetricType::Gauge, "pgmirror_build_info", "Always 1; the version is a label.");
  out.sample(1, {{"version", status.version}});
  out.single(MetricType::Gauge, "pgmirror_start_time_seconds", "When the agent began, since 1970.",
             seconds_of(status.started.time_since_epoch()));
  out.single(MetricType::Gauge, "pgmirror_up",
             "1 while the source is followed, 0 while the agent starts, waits or ends.",
             status.phase == AgentStatus::Phase::running ? 1 : 0);
  out.single(MetricType::Gauge, "pgmirror_troubles", "Things that are not as they should be; 0 is healthy.",
             static_cast<double>(status.troubles().size()));
}

void add_source(Exposition& out, const AgentStatus& status) {
  if (!status.retained) return;
  out.single(MetricType::Gauge, "pgmirror_source_retained_bytes",
             "What a PostgreSQL source keeps of its log, or of the log of changes, until it is captured.",
             static_cast<double>(status.retained->bytes));
}

void add_queue(Exposition& out, const AgentStatus& status) {
  const queue::Usage& queue = status.queue;
  out.single(MetricType::Gauge, "pgmirror_queue_bytes", "Size of the queue on disk.", static_cast<double>(queue.bytes));
  out.single(MetricType::Gauge, "pgmirror_queue_budget_bytes", "The most the queue may take on disk.",
             static_cast<double>(queue.budget_bytes));
  out.single(MetricType::Gauge, "pgmirror_queue_segments", "Files of the queue.", static_cast<double>(queue.segments));
  out.single(MetricType::Gauge, "pgmirror_queue_blocked", "1 while the source is not read because the queue is full.",
             queue.blocked_since ? 1 : 0);
}

void add_states(Exposition& out, const AgentStatus& status) {
  out.add(MetricType::Gauge, "pgmirror_mirror_state", "1 for the state that the mirror is in, 0 for the others.");
  for (const Mirror& mirror : status.mirrors) {
    for (const MirrorState state : mirror_states) {
      out.sample(mirror.status.state == state ? 1 : 0,
                 {{"mirror", mirror.status.name}, {"state", sinks::postgres::to_string(state)}});
    }
  }
  out.add(MetricType::Gauge, "pgmirror_mirror_tables", "Tables by state.");
  for (const Mirror& mirror : status.mirrors) {
    for (const char* state : {"absent", "live", "stopped", "dropped"}) {
      const auto count = std::ranges::count(mirror.status.tables, state, &sinks::postgres::MirrorTableStatus::state);
      out.sample(static_cast<double>(count), {{"mirror", mirror.status.name}, {"state", state}});
    }
  }
}

void add_delay(Exposition& out, const AgentStatus& status, std::chrono::system_clock::time_point now) {
  const auto known = [](const Mirror& mirror, double value) {
    return mirror.status.position == change::Position{} ? std::nullopt : std::optional(value);
  };
  out.per_mirror(status, MetricType::Gauge, "pgmirror_lag_seconds",
                 "Age of the oldest commit that the mirror has not got.", [&](const Mirror& mirror) {
                   const auto behind = lag(mirror, now);
                   return behind ? std::optional(behind->count()) : std::nullopt;
                 });
  out.per_mirror(status, MetricType::Gauge, "pgmirror_backlog_transactions",
                 "Transactions that the mirror has not got.",
                 [&](const Mirror& mirror) { return known(mirror, static_cast<double>(mirror.backlog.transactions)); });
  out.per_mirror(status, MetricType::Gauge, "pgmirror_backlog_changes", "Changes that the mirror has not got.",
                 [&](const Mirror& mirror) { return known(mirror, static_cast<double>(mirror.backlog.changes)); });
  out.per_mirror(status, MetricType::Gauge, "pgmirror_backlog_bytes", "What of the queue the mirror has not got.",
                 [&](const Mirror& mirror) { return known(mirror, static_cast<double>(mirror.backlog.bytes)); });
  out.per_mirror(status, MetricType::Gauge, "pgmirror_last_commit_timestamp_seconds",
                 "Commit time at the source of the last transaction applied, since 1970.", [](const Mirror& mirror) {
                   const auto& time = mirror.status.commit_time;
                   return time ? std::optional(std::chrono::duration<double>(time->time_since_epoch()).count())
                               : std::nullopt;
                 });
}

void add_counts(Exposition& out, const AgentStatus& status) {
  const auto count = [&](const char* name, const char* help, std::uint64_t sinks::postgres::MirrorStatus::*field,
                         MetricType type) {
    out.per_mirror(status, type, name, help,
                   [field](const Mirror& mirror) { return static_cast<double>(mirror.status.*field); });
  };
  using Status = sinks::postgres::MirrorStatus;
  count("pgmirror_applied_transactions_total", "Transactions applied.", &Status::transactions, MetricType::Counter);
  count("pgmirror_applied_changes_total", "Changes applied.", &Status::changes, MetricType::Counter);
  count("pgmirror_retries_total", "Failures after which the mirror was tried again.", &Status::retries,
        MetricType::Counter);
  count("pgmirror_drifted_rows_total", "Rows of the mirror that were not as they had been left.", &Status::drifted_rows,
        MetricType::Counter);
  count("pgmirror_parked_changes", "Changes in pgmirror.parked.", &Status::parked, MetricType::Gauge);
}

}  // namespace

std::string metrics_text(const AgentStatus& status, std::chrono::system_clock::time_point now) {
  Exposition out;
  add_agent(out, status);
  add_source(out, status);
  add_queue(out, status);
  add_states(out, status);
  add_delay(out, status, now);
  add_counts(out, status);
  return out.text();
}

}  // namespace pgmirror::agent
