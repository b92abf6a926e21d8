#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "capture/postgres/catalog_note.hpp"
#include "capture/postgres/pgoutput_decoder.hpp"
#include "capture/postgres/position_marks.hpp"
#include "capture/postgres/replication_frame.hpp"
#include "capture/postgres/stream_relations.hpp"
#include "change/transaction.hpp"

namespace pgmirror::capture::postgres {

/// Turns the messages of a replication stream into transactions of the queue, over any number of sessions with the
/// server.
///
/// A commit of the source that changes no mirrored row writes nothing. What the server sends again after a lost
/// connection is dropped by whole commits. Empty transactions say how far an idle source has come, hold the positions
/// of snapshots, and carry what the catalog tells. One thread.
class StreamFollower {
 public:
  /// What to make of a Relation message.
  using Describe = std::function<std::optional<StreamedRelation>(const RelationMessage&)>;

  /// `written` is the last commit that `writer` has.
  StreamFollower(change::TransactionWriter& writer, change::Position written, StreamRelations& relations,
                 PositionMarks& marks, Describe describe, std::chrono::milliseconds idle_advance);

  /// The stream starts again somewhere at or before written(): what was not committed is forgotten.
  void begin_session();
  /// Throws MalformedMessage, and what writer and Describe throw.
  void take(std::string_view frame);
  /// The same with the message of a frame alone, where messages come without frames.
  void take_message(std::string_view message);
  /// Everything that ends up to `place` was taken, at that time by the server's clock, and it is not inside a
  /// transaction. `urgent`: it is written down though no commit of the source ends there.
  void passed(change::Position place, change::CommitTime time, bool urgent);
  /// Writes down how far an idle source has come, when it is time. To be called now and then.
  void tick();
  /// `look` is called before a transaction that the queue has not got is written, and may
  /// add notes that belong before its rows.
  void before_transactions(std::function<void(const BeginMessage&)> look) { look_ = std::move(look); }
  /// `remember` is called before the writer gets a commit, with the commit's position.
  void before_commits(std::function<void(change::Position)> remember) { remember_ = std::move(remember); }
  void add(CatalogNote note) { notes_.push_back(std::move(note)); }

  change::Position written() const { return written_; }
  change::Position durable() const { return durable_; }
  bool inside_transaction() const { return inside_; }
  bool has_unsynced() const { return written_ != durable_; }
  /// Commits that sync() would make durable.
  std::uint64_t unsynced() const { return unsynced_; }
  /// Something waits for the stream to have come further.
  bool wants_keepalive() const;
  /// Something waits for a position that the server gives only when its log grows.
  bool wants_log_to_grow() const;

  /// Makes what was written durable. Returns written().
  change::Position sync();

 private:
  using Clock = std::chrono::steady_clock;
  void on(const BeginMessage& begin);
  void on(const CommitMessage& commit);
  void on(const RelationMessage& relation);
  void on(const InsertMessage& insert);
  void on(const UpdateMessage& update);
  void on(const DeleteMessage& removal);
  void on(const TruncateMessage& truncation);
  void on(const OtherMessage&) {}
  void on(const KeepaliveFrame& keepalive);

  const StreamedRelation* begin_row(std::uint32_t table);
  void open();
  void tell(std::uint32_t table);
  void drop_written(const std::function<bool(const CatalogNote&)>& written);
  void write_up_to(change::Position place, change::CommitTime time);
  void meet(const PositionMark& mark, change::CommitTime time);
  void write_notes(change::Position place, change::CommitTime time,
                   const std::function<void(change::TransactionWriter&)>& last);
  void write_alone(change::Position position, change::CommitTime time,
                   const std::function<void(change::TransactionWriter&)>& content);
  void commit(change::Position position, change::CommitTime time);

  change::TransactionWriter& writer_;
  StreamRelations& relations_;
  PositionMarks& marks_;
  const Describe describe_;
  std::function<void(const BeginMessage&)> look_;
  std::function<void(change::Position)> remember_;
  const std::chrono::milliseconds idle_advance_;
  PgoutputDecoder decoder_;

  change::Position written_;
  change::Position durable_;
  std::uint64_t unsynced_ = 0;
  KeepaliveFrame heard_;  ///< the last keepalive outside a transaction
  Clock::time_point heard_at_ = Clock::now();
  Clock::time_point last_commit_ = Clock::now();
  bool inside_ = false;  ///< between Begin and Commit
  bool known_ = false;   ///< the queue has this commit already
  bool open_ = false;    ///< the writer has a transaction open
  change::Position commit_start_;

  std::deque<CatalogNote> notes_;
  std::vector<std::function<void()>> when_durable_;
  std::vector<change::Value> new_cells_;
  std::vector<change::Value> old_cells_;
};

}  // namespace pgmirror::capture::postgres
