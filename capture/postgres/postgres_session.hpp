#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "capture/postgres/backlog_readers.hpp"
#include "capture/postgres/catalog_follower.hpp"
#include "capture/postgres/connection_breaker.hpp"
#include "capture/postgres/position_marks.hpp"
#include "capture/postgres/postgres_source.hpp"
#include "capture/postgres/replication_session.hpp"
#include "capture/postgres/slot_check.hpp"
#include "capture/postgres/slot_copy.hpp"
#include "capture/postgres/slot_names.hpp"
#include "capture/postgres/stream_receiver.hpp"

namespace pgmirror::capture::postgres {

/// The parts of a PostgresSource, which documents its functions.
class PostgresSource::Session {
 public:
  Session(const config::PostgresSource& settings, const config::TableRules& rules,
          const std::filesystem::path& state_directory, change::Position queue_end,
          const std::optional<change::SourceIdentity>& queue_identity, const SourcePace& pace);

  const change::SourceIdentity& identity() const { return *history_.identity; }
  change::Position queue_start() const { return history_.queue_end; }
  void run(change::TransactionWriter& writer, const std::stop_token& stop);
  std::unique_ptr<change::Snapshot> open_snapshot();
  std::vector<change::SchemaStatement> type_additions();

 private:
  /// Finds publications and slot, or makes them.
  void start_first(ReplicationSession& session, const SourceFacts& facts);
  /// Throws SourceRefused when the source does not continue what was written.
  SourceFacts require_history(ReplicationSession& session);
  /// Throws DatabaseError while somebody reads from it: perhaps our own connection that the server has not given up
  /// yet.
  void require_free_slot(ReplicationSession& session) const;
  void follow_until_lost(StreamFollower& follower, const std::stop_token& stop);
  /// Gives after how much silence the server ends the stream; nothing where a stop came first.
  std::optional<std::chrono::milliseconds> start_stream(ReplicationSession& session, StreamFollower& follower,
                                                        const std::stop_token& stop);
  /// Reads what the slot is behind by SQL, until it is near the end of the server's log or the stream is the better
  /// way. `session` is not streaming. True where that was tried: our slot was nobody's meanwhile, for a minute or an
  /// hour.
  bool read_backlog(ReplicationSession& session, change::Position log_end, StreamFollower& follower,
                    const std::stop_token& stop);
  void take_backlog(BacklogReaders& readers, ReplicationSession& session, StreamFollower& follower,
                    const std::stop_token& stop);
  /// Where the slot is far behind and stands where the queue ends: what reading it needs is made beside the rest of the
  /// start.
  void prepare_backlog(ReplicationSession& session, change::Position log_end);
  SlotCopies copy_slot(change::Position log_end) const;
  void confirm(libpq::Connection& connection);
  void shorten_start(libpq::Connection& connection);
  void follow(StreamFollower& follower, StreamReceiver& receiver, const std::stop_token& stop);
  void sync(StreamFollower& follower, StreamReceiver* receiver);

  const config::PostgresSource settings_;
  const config::TableRules rules_;
  const SourcePace pace_;
  const SlotNames names_;
  const Publications publications_;
  ExpectedHistory history_;  ///< its queue_end moves with what is durable
  StreamRelations relations_;
  CatalogFollower catalog_;
  PositionMarks marks_;
  std::optional<ReplicationSession> connected_;  ///< since the start, for the first run
  SlotCopies slot_copies_;                       ///< likewise
  ConnectionBreaker start_breaker_;              ///< of the session until it streams
  bool backlog_fails_ = false;                   ///< read by SQL; it is streamed instead, once
  std::stop_source ending_;                      ///< for snapshots that are being opened
};

}  // namespace pgmirror::capture::postgres
