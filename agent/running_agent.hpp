#pragma once

#include <functional>
#include <shared_mutex>
#include <stdexcept>
#include <stop_token>
#include <string>

#include "agent/mirror_agent.hpp"

namespace pgmirror::agent {

/// What was asked needs the agent, and it is starting or waiting for room on the disk.
class AgentAbsent : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The agent of this process for those who ask about it from other threads: the control socket and the HTTP endpoint,
/// which answer also while there is none, because a store is being copied or the disk is full. Any thread.
class RunningAgent {
 public:
  /// `config` outlives this.
  explicit RunningAgent(const config::Config& config);

  /// The agent is there for others until leave(), which asks those who use it to end and waits for them. Called by
  /// whoever owns it.
  void enter(MirrorAgent& agent);
  void leave();
  /// Why there is no agent at the moment.
  void waits_for(const std::string& reason);

  /// Of the agent; without one, what can be said.
  AgentStatus status() const;
  /// `body` should end soon once `leaving` is requested. Throws AgentAbsent.
  void use(const std::function<void(MirrorAgent&, const std::stop_token& leaving)>& body) const;

 private:
  const config::Config& config_;
  std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
  mutable std::shared_mutex mutex_;
  MirrorAgent* agent_ = nullptr;
  std::stop_source leaving_;
  AgentStatus::Phase phase_ = AgentStatus::Phase::starting;
  std::string reason_;
};

/// Makes an agent the running one for as long as this lives.
class AgentPresence {
 public:
  AgentPresence(RunningAgent& running, MirrorAgent& agent) : running_(running) { running.enter(agent); }
  ~AgentPresence() { running_.leave(); }
  AgentPresence(const AgentPresence&) = delete;
  AgentPresence& operator=(const AgentPresence&) = delete;

 private:
  RunningAgent& running_;
};

}  // namespace pgmirror::agent
