#include "agent/running_agent.hpp"

#include <fmt/format.h>

namespace pgmirror::agent {

RunningAgent::RunningAgent(const config::Config& config) : config_(config) {}

void RunningAgent::enter(MirrorAgent& agent) {
  const std::unique_lock lock(mutex_);
  agent_ = &agent;
  leaving_ = std::stop_source();
  reason_.clear();
}

void RunningAgent::leave() {
  leaving_.request_stop();
  const std::unique_lock lock(mutex_);
  agent_ = nullptr;
  phase_ = AgentStatus::Phase::ending;
}

void RunningAgent::waits_for(const std::string& reason) {
  const std::unique_lock lock(mutex_);
  phase_ = AgentStatus::Phase::waiting;
  reason_ = reason;
}

AgentStatus RunningAgent::status() const {
  const std::shared_lock lock(mutex_);
  AgentStatus status;
  if (agent_ != nullptr) {
    status = agent_->status();
  } else {
    status = {.version = PGMIRROR_VERSION,
              .source = config_.source_url,
              .method = capture_method(config_),
              .phase = phase_,
              .reason = reason_};
    status.queue.budget_bytes = config_.queue.disk_budget_bytes;
    for (const config::Mirror& mirror : config_.mirrors) {
      status.mirrors.push_back({.status = {.name = mirror.name, .address = mirror.connection.address()}});
    }
  }
  status.started = started_;
  return status;
}

void RunningAgent::use(const std::function<void(MirrorAgent&, const std::stop_token&)>& body) const {
  const std::shared_lock lock(mutex_);
  if (agent_ == nullptr) {
    throw AgentAbsent(fmt::format("agent: is not ready ({}); try again later",
                                  reason_.empty() ? "it is starting or ending" : reason_));
  }
  body(*agent_, leaving_.get_token());
}

}  // namespace pgmirror::agent
