#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/regular_verification.hpp"
#include "agent/retained_log_watch.hpp"
#include "capture/source.hpp"
#include "config/config.hpp"
#include "queue/change_queue.hpp"
#include "sinks/postgres/mirror_worker.hpp"

namespace pgmirror::agent {

/// How everything is doing, as of one moment; what `status` shows.
struct AgentStatus {
  enum class Phase : std::uint8_t {
    starting,  ///< the store is opened; a new one is copied into the state directory
    running,
    waiting,  ///< for `reason` to pass; nothing is followed meanwhile
    ending,
  };
  std::string version;
  std::string source;    ///< the URL, without secrets
  std::string method;    ///< how its changes are found: decoding, triggers or pages
  std::string identity;  ///< of the source's history
  std::chrono::system_clock::time_point started;
  change::Position captured;  ///< last commit that is durable in the queue
  queue::Usage queue;
  struct Mirror {
    sinks::postgres::MirrorStatus status;
    queue::Backlog backlog;
  };
  std::vector<Mirror> mirrors;
  Phase phase = Phase::starting;
  std::string reason{};
  std::optional<std::string> source_trouble{};               ///< see capture::Source::trouble()
  std::optional<capture::postgres::RetainedLog> retained{};  ///< by a PostgreSQL source, for us

  /// Everything that is not as it should be, a sentence each; none: healthy.
  std::vector<std::string> troubles() const;
};
const char* to_string(AgentStatus::Phase phase);
/// AgentStatus::method of an agent with this configuration.
std::string capture_method(const config::Config& config);

/// One source, one queue, and a worker for each mirror, running.
///
/// Owns the state directory for life. The capture and every worker have a thread of their own; run() belongs to the
/// caller's. All other functions may be called from any thread.
class MirrorAgent {
 public:
  /// Opens the queue and the source; blocks while a new store is copied into the shadow. Throws QueueRefused,
  /// SourceRefused, ShadowUnusable, Damage, std::system_error.
  explicit MirrorAgent(const config::Config& config);
  ~MirrorAgent();
  MirrorAgent(const MirrorAgent&) = delete;
  MirrorAgent& operator=(const MirrorAgent&) = delete;

  /// Until `stop`, or until the capture fails: its exception is thrown on (queue::DiskFull among others) after the
  /// workers have ended.
  void run(std::stop_token stop);

  AgentStatus status() const;
  const config::Config& config() const { return config_; }
  /// See capture::Source::captured_until().
  std::optional<std::chrono::steady_clock::time_point> captured_until() const { return source_->captured_until(); }
  /// See capture::Source::trouble().
  std::optional<std::string> source_trouble() const { return source_->trouble(); }
  /// The source's tables (Relation::qualified_name) as of now.
  std::vector<std::string> tables() const;
  const queue::ChangeQueue& queue() const { return *queue_; }
  const std::vector<std::unique_ptr<sinks::postgres::MirrorWorker>>& workers() const { return workers_; }

 private:
  void capture(std::stop_token stop);
  void release_applied();

  const config::Config& config_;
  std::unique_ptr<queue::ChangeQueue> queue_;
  std::unique_ptr<capture::Source> source_;
  std::vector<std::unique_ptr<sinks::postgres::MirrorWorker>> workers_;
  std::vector<RegularVerification> verifications_;
  std::optional<RetainedLogWatch> retained_;
  std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
  std::atomic<bool> ending_ = false;
  std::exception_ptr capture_failure_;
  std::stop_source capture_ended_;
};

}  // namespace pgmirror::agent
