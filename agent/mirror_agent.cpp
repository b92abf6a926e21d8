#include "agent/mirror_agent.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>

#include "agent/awaited_source.hpp"
#include "agent/followed_source.hpp"
#include "agent/state_directory.hpp"
#include "queue/inspection.hpp"

namespace pgmirror::agent {

namespace {

using sinks::postgres::MirrorState;

constexpr std::chrono::seconds housekeeping_interval{1};

std::unique_ptr<queue::ChangeQueue> open_queue(const config::Config& config, const change::SourceIdentity& source,
                                               change::Position start) {
  auto queue = std::make_unique<queue::ChangeQueue>(queue::Options{.directory = queue_directory(config.state_dir),
                                                                   .source = source,
                                                                   .disk_budget_bytes = config.queue.disk_budget_bytes,
                                                                   .retention = config.queue.retention,
                                                                   .start = start});
  if (queue->recovery().torn_bytes > 0) {
    spdlog::info("[MirrorQueue] Cut {} bytes that were being written when the agent last ended",
                 queue->recovery().torn_bytes);
  }
  return queue;
}

}  // namespace

MirrorAgent::MirrorAgent(const config::Config& config) : config_(config) {
  prepare_state_directory(config.state_dir);
  const auto identity = queue::source_of(queue_directory(config.state_dir));
  if (identity) {
    queue_ = open_queue(config, *identity, {});
    const auto open = [this, identity] { return open_source(config_, queue_->end(), identity); };
    if (config.postgres) {
      source_ = std::make_unique<AwaitedSource>(config.source_url, *identity, open);
    } else {
      source_ = open();
    }
  } else {
    source_ = open_source(config, {}, std::nullopt);
    queue_ = open_queue(config, source_->identity(), source_->queue_start());
  }
  for (const config::Mirror& mirror : config.mirrors) {
    workers_.push_back(std::make_unique<sinks::postgres::MirrorWorker>(
        mirror, queue_->reader(), *source_, source_->identity(), orders_file(config.state_dir, mirror.name)));
    if (start_over_ordered(config.state_dir)) workers_.back()->orders().start_over();
    workers_.back()->orders().limit_verification(config.verify_rate);
    if (config.verify_every.count() > 0) verifications_.emplace_back(*workers_.back(), config.verify_every);
  }
  if (config_.postgres) retained_.emplace(*config_.postgres);
  // Each worker has noted it.
  forget_start_over(config.state_dir);
}

MirrorAgent::~MirrorAgent() = default;

void MirrorAgent::run(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::vector<std::jthread> threads;
  threads.reserve(workers_.size() + 1);
  for (const auto& worker : workers_) {
    threads.emplace_back([&worker](std::stop_token ending) { worker->run(ending); });
  }
  threads.emplace_back([this](std::stop_token ending) { capture(ending); });

  const std::stop_callback wake_on_failure(capture_ended_.get_token(), [&] { wake.notify_all(); });
  const auto over = [&] { return capture_ended_.stop_requested(); };
  for (std::unique_lock lock(mutex); !stop.stop_requested() && !over();) {
    wake.wait_for(lock, stop, housekeeping_interval, over);
    release_applied();
    for (RegularVerification& verification : verifications_) verification.tick(source_->captured_until());
  }

  ending_ = true;
  queue_->interrupt();
  for (std::jthread& thread : threads) thread.request_stop();
  threads.clear();
  if (capture_failure_) std::rethrow_exception(capture_failure_);
}

void MirrorAgent::capture(std::stop_token stop) {
  try {
    source_->run(*queue_, stop);
  } catch (const queue::Interrupted&) {
    // Asked to end while the queue was full: nothing was lost, the source still has it.
  } catch (...) {
    capture_failure_ = std::current_exception();
  }
  capture_ended_.request_stop();
}

void MirrorAgent::release_applied() {
  if (workers_.empty()) return;
  change::Position everywhere = queue_->end();
  for (const auto& worker : workers_) everywhere = std::min(everywhere, worker->status().flushed_position);
  queue_->release(everywhere);
}

AgentStatus MirrorAgent::status() const {
  AgentStatus status{.version = PGMIRROR_VERSION,
                     .source = config_.source_url,
                     .method = capture_method(config_),
                     .identity = source_->identity().text,
                     .started = started_,
                     .captured = queue_->end(),
                     .queue = queue_->usage(),
                     .phase = ending_ ? AgentStatus::Phase::ending : AgentStatus::Phase::running,
                     .source_trouble = source_->trouble(),
                     .retained = retained_ ? retained_->last() : std::nullopt};
  for (const auto& worker : workers_) {
    AgentStatus::Mirror mirror{.status = worker->status(), .backlog = {}};
    if (mirror.status.position != change::Position{}) mirror.backlog = queue_->backlog(mirror.status.position);
    status.mirrors.push_back(std::move(mirror));
  }
  return status;
}

std::vector<std::string> MirrorAgent::tables() const {
  std::vector<std::string> names;
  const std::unique_ptr<change::Snapshot> now = source_->open_snapshot();
  for (const change::RelationPtr& relation : now->relations()) names.push_back(relation->qualified_name());
  return names;
}

std::string capture_method(const config::Config& config) {
  if (!config.postgres) return "pages";
  return config.postgres->method == config::CaptureMethod::triggers ? "triggers" : "decoding";
}

const char* to_string(AgentStatus::Phase phase) {
  switch (phase) {
    case AgentStatus::Phase::starting:
      return "starting";
    case AgentStatus::Phase::running:
      return "running";
    case AgentStatus::Phase::waiting:
      return "waiting";
    case AgentStatus::Phase::ending:
      return "ending";
  }
  return "unknown";
}

std::vector<std::string> AgentStatus::troubles() const {
  std::vector<std::string> troubles;
  if (phase == Phase::waiting) troubles.push_back(reason);
  if (source_trouble) troubles.push_back(*source_trouble);
  if (retained) {
    if (const auto trouble = retained->trouble_read()) troubles.push_back(*trouble);
  }
  if (queue.blocked_since) {
    troubles.push_back(
        fmt::format("the queue is full ({} of {} bytes): the source is not read until a mirror catches up{}",
                    queue.bytes, queue.budget_bytes,
                    retained ? fmt::format(", and keeps {} MB for it", retained->bytes >> 20U) : std::string()));
  }
  for (const Mirror& mirror : mirrors) {
    const sinks::postgres::MirrorStatus& now = mirror.status;
    const auto say = [&](const std::string& what) {
      troubles.push_back(fmt::format("mirror \"{}\": {}", now.name, what));
    };
    // Who cannot be reached is being called most of the time.
    const bool again = now.state == MirrorState::connecting && now.attempts > 0;
    if (now.state == MirrorState::waiting || now.state == MirrorState::failed || again) say(now.reason);
    if (now.parked > 0) say(fmt::format("{} changes are parked; see \"pgmirror parked list\"", now.parked));
    if (now.drifted_rows > 0)
      say(fmt::format("{} rows were not as we had left them; run \"pgmirror verify\"", now.drifted_rows));
    for (const auto& table : now.tables) {
      if (table.state == "stopped") {
        // Some reasons name the remedy themselves.
        const bool named = table.last_error.find("pgmirror resync") != std::string::npos;
        say(fmt::format("table {} is stopped: {}{}", table.name, table.last_error,
                        named ? "" : fmt::format("; run \"pgmirror resync {}\"", table.name)));
      }
    }
  }
  return troubles;
}

}  // namespace pgmirror::agent
