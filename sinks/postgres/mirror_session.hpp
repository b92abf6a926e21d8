#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "change/snapshot.hpp"
#include "config/config.hpp"
#include "queue/queue_reader.hpp"
#include "sinks/postgres/apply_progress.hpp"
#include "sinks/postgres/batch_collector.hpp"
#include "sinks/postgres/batch_growth.hpp"
#include "sinks/postgres/batch_pace.hpp"
#include "sinks/postgres/batch_pipeline.hpp"
#include "sinks/postgres/checkpoint.hpp"
#include "sinks/postgres/comparisons.hpp"
#include "sinks/postgres/flush_watch.hpp"
#include "sinks/postgres/mirror_status.hpp"
#include "sinks/postgres/planned_work.hpp"
#include "sinks/postgres/schema_builder.hpp"
#include "sinks/postgres/second_session.hpp"
#include "sinks/postgres/source_copy.hpp"
#include "sinks/postgres/table_registry.hpp"
#include "sinks/postgres/trouble.hpp"
#include "sinks/postgres/worker_orders.hpp"

namespace pgmirror::sinks::postgres {

/// One connection's life with one mirror: claim it, copy what it lacks, then apply the queue until something happens.
///
/// One thread. All referenced objects outlive the session.
class MirrorSession {
 public:
  struct Surroundings {
    const config::Mirror& mirror;
    const queue::QueueReader& queue;
    change::SnapshotProvider& source;
    change::SourceIdentity identity;
    StatusBoard& board;
    WorkerOrders& orders;
    Trouble& trouble;
    Claimant& claimant;
  };

  /// Connects and claims the mirror. Throws DatabaseError, IdentityError.
  explicit MirrorSession(const Surroundings& surroundings);
  ~MirrorSession();
  MirrorSession(const MirrorSession&) = delete;
  MirrorSession& operator=(const MirrorSession&) = delete;

  /// Until stop; what is in flight then is waited for. Throws DatabaseError, BatchRefused, SchemaError, TableNotEmpty,
  /// queue::PositionUnavailable and what the queue's cursor throws; the session is spent then.
  void run(std::stop_token stop);

 private:
  void check_history() const;
  void carry_out_plan(std::stop_token stop);
  void apply(std::stop_token stop);
  bool step(std::stop_token stop);
  BatchLimits limits() const;
  bool due(BatchCollector::Stopped stopped) const;
  std::chrono::milliseconds time_left() const;
  BatchOrder order_of_batch(BatchCollector::Stopped stopped) const;
  bool may_use_second() const;
  void send(BatchOrder order);
  void receive(std::chrono::milliseconds timeout);
  void drain();
  void leave_pipeline();
  bool apply_alone();
  bool may_apply_early() const;
  bool apply_early(const std::stop_token& stop);
  void handle_unknown();
  void applied(const Applied& outcome);
  void check_flushed();
  void recount_parked();

  const config::Mirror& mirror_;
  const queue::QueueReader& queue_;
  change::SnapshotProvider& source_;
  StatusBoard& board_;
  WorkerOrders& orders_;
  Trouble& trouble_;

  libpq::Connection connection_;
  SecondSession second_;     ///< for batches that are applied beside others
  Checkpoint claimed_;       ///< as it was found
  bool start_over_ = false;  ///< the mirror's content is to be replaced, whatever it followed
  Ownership ownership_;
  change::Position position_;
  SchemaBuilder schema_;
  TableRegistry tables_;
  FlushWatch flush_watch_;
  PlannedWork planned_;
  SourceCopy copy_;
  Comparisons comparisons_;
  ApplyProgress progress_;
  std::optional<queue::Cursor> cursor_;
  std::optional<BatchCollector> collector_;
  std::optional<BatchPipeline> pipeline_;
  NetBatch batch_;
  BatchGrowth growth_;
  BatchPace pace_;
  std::optional<change::Position> whole_behind_;  ///< the transaction behind it is applied when all of it is there
  std::chrono::steady_clock::time_point last_flush_check_{};
  std::chrono::steady_clock::time_point last_recount_{};
};

}  // namespace pgmirror::sinks::postgres
