#pragma once

#include <filesystem>
#include <stop_token>

#include "sinks/postgres/failure.hpp"
#include "sinks/postgres/mirror_session.hpp"

namespace pgmirror::sinks::postgres {

/// Keeps one mirror up to date for as long as the agent runs.
///
/// run() is the body of one thread. A dead mirror delays nobody else: what it has not got stays in the queue.
class MirrorWorker {
 public:
  /// All referenced objects outlive the worker. Orders are noted in the file `orders`: see WorkerOrders.
  MirrorWorker(const config::Mirror& mirror, queue::QueueReader queue, change::SnapshotProvider& source,
               change::SourceIdentity identity, std::filesystem::path orders = {});

  /// Sessions one after another, with backoff after failures that pass; returns when `stop` is requested. A failure
  /// for a person is shown as `failed` with its reason and looked at again every minute; a mirror that is not ours is
  /// left alone until WorkerOrders::resume().
  void run(std::stop_token stop);

  MirrorStatus status() const { return board_.read(); }
  const config::Mirror& mirror() const { return mirror_; }
  WorkerOrders& orders() { return orders_; }

 private:
  void report(const Failure& failure, std::chrono::milliseconds delay);
  void wait(std::stop_token stop, const Failure& failure);

  const config::Mirror& mirror_;
  queue::QueueReader queue_;
  change::SnapshotProvider& source_;
  change::SourceIdentity identity_;
  StatusBoard board_;
  WorkerOrders orders_;
  Trouble trouble_;
  Claimant claimant_;
  std::chrono::steady_clock::time_point next_attempt_{};
};

}  // namespace pgmirror::sinks::postgres
