#include "agent/status_document.hpp"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/log_line.hpp"

namespace pgmirror::agent {

using nlohmann::json;

namespace {

using Clock = std::chrono::system_clock;

template <typename Moment>
json moment(const std::optional<Moment>& time) {
  return time ? json(utc_timestamp(std::chrono::time_point_cast<Clock::duration>(*time))) : json(nullptr);
}

json position(change::Position place) { return place == change::Position{} ? json(nullptr) : json(to_string(place)); }

json text_or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json table_document(const sinks::postgres::MirrorTableStatus& table) {
  return {{"schema", table.schema},   {"name", table.name},       {"state", table.state},
          {"changes", table.changes}, {"skipped", table.skipped}, {"last_error", text_or_null(table.last_error)}};
}

json amount_document(const sinks::postgres::CopyAmount& amount) {
  return {{"rows", amount.rows},
          {"expected_rows", amount.expected ? json(*amount.expected) : json(nullptr)},
          {"rows_per_second", amount.rows_per_second},
          {"seconds_left", amount.remaining ? json(amount.remaining->count()) : json(nullptr)}};
}

json copy_document(const std::optional<sinks::postgres::CopyStatus>& copy) {
  if (!copy) return nullptr;
  json document = amount_document(copy->of_table);
  document["table"] = text_or_null(copy->table);
  document["all"] = amount_document(copy->of_all);
  document["waiting"] = copy->waiting;
  return document;
}

json mirror_document(const AgentStatus::Mirror& mirror, Clock::time_point now) {
  const sinks::postgres::MirrorStatus& status = mirror.status;
  json tables = json::array();
  for (const auto& table : status.tables) tables.push_back(table_document(table));
  const auto behind = lag(mirror, now);
  const bool started = status.position != change::Position{};
  return {
      {"name", status.name},
      {"address", status.address},
      {"tls", text_or_null(status.tls)},
      {"state", to_string(status.state)},
      {"reason", text_or_null(status.reason)},
      {"attempts", status.attempts},
      {"next_attempt", moment(status.next_attempt)},
      {"position", position(status.position)},
      {"durable_position", position(status.flushed_position)},
      {"commit_time", moment(status.commit_time)},
      {"lag_seconds", behind ? json(behind->count()) : json(nullptr)},
      {"backlog",
       {{"transactions", started ? json(mirror.backlog.transactions) : json(nullptr)},
        {"changes", started ? json(mirror.backlog.changes) : json(nullptr)},
        {"bytes", started ? json(mirror.backlog.bytes) : json(nullptr)},
        {"oldest_commit", moment(mirror.backlog.oldest_commit)}}},
      {"applied", {{"transactions", status.transactions}, {"changes", status.changes}}},
      {"drifted_rows", status.drifted_rows},
      {"retries", status.retries},
      {"parked", status.parked},
      {"proven_equal_at", moment(status.proven_equal_at)},
      {"copy", copy_document(status.copy)},
      {"tables", std::move(tables)},
  };
}

}  // namespace

std::optional<std::chrono::duration<double>> lag(const AgentStatus::Mirror& mirror, Clock::time_point now) {
  using Seconds = std::chrono::duration<double>;
  if (mirror.status.position == change::Position{}) return std::nullopt;
  if (mirror.backlog.transactions == 0) return Seconds{0};
  const auto waiting_since = mirror.backlog.oldest_commit ? mirror.backlog.oldest_commit : mirror.status.commit_time;
  if (!waiting_since) return std::nullopt;
  return std::max(Seconds{0}, Seconds{now - *waiting_since});
}

json status_document(const AgentStatus& status, Clock::time_point now) {
  json mirrors = json::array();
  for (const AgentStatus::Mirror& mirror : status.mirrors) mirrors.push_back(mirror_document(mirror, now));
  const std::vector<std::string> troubles = status.troubles();
  return {
      {"format", 1},
      {"at", utc_timestamp(now)},
      {"agent",
       {{"running", true},
        {"phase", to_string(status.phase)},
        {"reason", text_or_null(status.reason)},
        {"version", status.version},
        {"pid", ::getpid()},
        {"started", utc_timestamp(status.started)}}},
      {"healthy", troubles.empty()},
      {"troubles", troubles},
      {"source",
       {{"url", status.source},
        {"method", status.method},
        {"identity", text_or_null(status.identity)},
        {"position", position(status.captured)},
        {"retained_bytes", status.retained ? json(status.retained->bytes) : json(nullptr)}}},
      {"queue",
       {{"bytes", status.queue.bytes},
        {"budget_bytes", status.queue.budget_bytes},
        {"segments", status.queue.segments},
        {"oldest_commit", moment(status.queue.oldest_commit)},
        {"blocked_since", moment(status.queue.blocked_since)}}},
      {"mirrors", std::move(mirrors)},
  };
}

}  // namespace pgmirror::agent
