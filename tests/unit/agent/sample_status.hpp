#pragma once

#include "agent/mirror_agent.hpp"

namespace pgmirror::agent {

/// 2026-11-20T10:00:00Z.
inline const std::chrono::system_clock::time_point sample_now =
    std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + std::chrono::hours{10};

inline change::CommitTime commit_time_ago(std::chrono::microseconds ago) {
  return std::chrono::time_point_cast<std::chrono::microseconds>(sample_now) - ago;
}

/// Two mirrors: one streaming and three transactions behind, one away.
inline AgentStatus sample_status() {
  using namespace std::chrono_literals;
  using sinks::postgres::MirrorState;
  AgentStatus status{.version = "0.1.0",
                     .source = "sqlite:///data/app.db",
                     .identity = "sqlite:5a",
                     .started = sample_now - 1h,
                     .captured = {0x2a00},
                     .queue = {.bytes = 3 << 20U, .budget_bytes = 10 << 20U, .segments = 2},
                     .phase = AgentStatus::Phase::running};
  status.queue.oldest_commit = commit_time_ago(30min);
  AgentStatus::Mirror near{.status = {.name = "near", .address = "127.0.0.1:5432/app"}};
  near.status.state = MirrorState::streaming;
  near.status.position = {0x2700};
  near.status.flushed_position = {0x2600};
  near.status.commit_time = commit_time_ago(5s);
  near.status.transactions = 1200;
  near.status.changes = 8411;
  near.status.tables = {{.schema = "public", .name = "users", .state = "live", .changes = 8000}};
  near.backlog = {.transactions = 3, .changes = 9, .bytes = 2048, .oldest_commit = commit_time_ago(4s)};
  AgentStatus::Mirror far{.status = {.name = "far", .address = "db.example.org:5432/app"}};
  far.status.state = MirrorState::waiting;
  far.status.reason = "connection refused; start the server";
  far.status.attempts = 4;
  far.status.next_attempt = sample_now + 8s;
  status.mirrors = {near, far};
  return status;
}

}  // namespace pgmirror::agent
