#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "capture/postgres/redefinition.hpp"
#include "capture/postgres/relation_catalog.hpp"

namespace pgmirror::capture::postgres {

/// The tables of the stream: how the server describes them in this session, and how the queue was told of them. One
/// thread.
class StreamRelations {
 public:
  struct Told {
    StreamedRelation relation;
    change::Position at{};  ///< where in the stream; zero: before it began
  };
  /// The queue knows `table` like this: its rows are passed on. Also at the start, for what it was told before.
  void told(ObjectId table, Told told);
  /// The queue was told that the table is gone.
  void forget(ObjectId table);
  /// Rows of `table` are not passed on until resume(): its content will be taken anew from a later snapshot.
  void suspend(ObjectId table) { suspended_.insert(table); }
  void resume(ObjectId table) { suspended_.erase(table); }
  const Told* as_told(ObjectId table) const;

  /// The server starts a session anew: it will describe each table again.
  void begin_session() { described_.clear(); }
  /// What a Relation message says in the transaction whose commit begins `at`; nothing for a table that is not
  /// mirrored.
  void describe(ObjectId table, std::optional<StreamedRelation> relation, change::Position at);
  /// How to read rows of `table` now; null when they are not mirrored. Throws MalformedMessage for a table that was
  /// never described.
  const StreamedRelation* rows_of(ObjectId table);
  /// Two tables of one name would be one for the queue: where another one is known there by the name that `table` has
  /// by now, the queue must be told first that it goes by a name of ours, taken as told by this call. What it is called
  /// in truth the catalog tells later.
  std::optional<change::SchemaChange> free_name_of(ObjectId table);
  /// Whom the queue knows by the name of `relation`, other than `table`.
  std::optional<ObjectId> holder_of_name(const change::Relation& relation, ObjectId table) const;
  /// What the queue must be told before the next row of `table`, and is taken as told `at` by this call.
  std::optional<Redefinition> tell(ObjectId table, change::Position at);

  /// Of the commit that the queue gets next: what was told since the last keep().
  std::map<ObjectId, StreamedRelation> newly_told() const;
  /// What was told since the last keep() stays told, by a commit at `position`, or was never told.
  void keep(change::Position position);
  void undo();
  /// Whether the queue was told anything of `table` behind `position`.
  bool told_since(ObjectId table, change::Position position) const;

 private:
  struct Described {
    std::optional<StreamedRelation> relation;
    change::Position at;
    bool compared = false;
  };
  std::map<ObjectId, Described> described_;
  std::map<ObjectId, Told> told_;
  std::set<ObjectId> suspended_;
  std::map<ObjectId, Told> before_;
  std::set<ObjectId> newly_told_;  ///< since the last keep()
  std::map<ObjectId, change::Position> last_told_;
};

}  // namespace pgmirror::capture::postgres
