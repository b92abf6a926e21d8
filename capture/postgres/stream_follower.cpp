#include "capture/postgres/stream_follower.hpp"

#include <algorithm>
#include <utility>

#include "capture/postgres/streamed_cells.hpp"

namespace pgmirror::capture::postgres {

StreamFollower::StreamFollower(change::TransactionWriter& writer, change::Position written, StreamRelations& relations,
                               PositionMarks& marks, Describe describe, std::chrono::milliseconds idle_advance)
    : writer_(writer),
      relations_(relations),
      marks_(marks),
      describe_(std::move(describe)),
      idle_advance_(idle_advance),
      written_(written),
      durable_(written) {
  marks_.reached(written);
}

void StreamFollower::begin_session() {
  if (open_) writer_.rollback();
  open_ = false;
  for (CatalogNote& note : notes_) note.inside = false;
  inside_ = false;
  relations_.undo();
  relations_.begin_session();
}

void StreamFollower::take(std::string_view frame) {
  const ReplicationFrame parsed = parse_replication_frame(frame);
  if (const auto* keepalive = std::get_if<KeepaliveFrame>(&parsed)) {
    on(*keepalive);
    return;
  }
  take_message(std::get<PluginFrame>(parsed).message);
}

void StreamFollower::take_message(std::string_view message) {
  std::visit([this](const auto& parsed) { on(parsed); }, decoder_.decode(message));
}

void StreamFollower::on(const BeginMessage& begin) {
  if (inside_) throw MalformedMessage("stream message: a transaction begins inside another one");
  inside_ = true;
  commit_start_ = begin.commit_start;
  known_ = begin.commit_start < written_;
  if (known_) return;
  if (look_) look_(begin);
  write_up_to(begin.commit_start, begin.time);
}

void StreamFollower::on(const CommitMessage& commit) {
  if (!inside_ || commit.commit_start != commit_start_ || commit.end <= commit.commit_start)
    throw MalformedMessage("stream message: a commit that does not end the transaction before it");
  if (known_ && commit.end > written_)
    throw MalformedMessage("stream message: a commit that reaches across the last one written");
  inside_ = false;
  if (known_) return;
  if (!open_) {
    passed(commit.end, commit.time, false);
    return;
  }
  this->commit(commit.end, commit.time);
  open_ = false;
  drop_written([](const CatalogNote& note) { return note.inside; });
}

void StreamFollower::on(const RelationMessage& relation) {
  relations_.describe(relation.oid, describe_(relation), commit_start_);
}

void StreamFollower::on(const InsertMessage& insert) {
  const StreamedRelation* const relation = begin_row(insert.relation);
  if (relation == nullptr) return;
  writer_.row({.operation = change::RowOperation::insert,
               .relation = relation->relation,
               .new_row = streamed_row(*relation, insert.new_row, new_cells_)});
}

void StreamFollower::on(const UpdateMessage& update) {
  const StreamedRelation* const relation = begin_row(update.relation);
  if (relation == nullptr) return;
  change::RowChange change{.operation = change::RowOperation::update, .relation = relation->relation};
  change.new_row = streamed_row(*relation, update.new_row, new_cells_);
  if (!update.old_row.empty())
    change.old_key = streamed_identity(*relation, update.old_row, update.old_row_is_key, old_cells_);
  writer_.row(change);
}

void StreamFollower::on(const DeleteMessage& removal) {
  const StreamedRelation* const relation = begin_row(removal.relation);
  if (relation == nullptr) return;
  writer_.row({.operation = change::RowOperation::remove,
               .relation = relation->relation,
               .old_key = streamed_identity(*relation, removal.old_row, removal.old_row_is_key, old_cells_)});
}

void StreamFollower::on(const TruncateMessage& truncation) {
  change::Truncation emptied;
  for (const std::uint32_t table : truncation.relations) {
    if (const StreamedRelation* const relation = begin_row(table)) emptied.relations.push_back(relation->relation);
  }
  if (!emptied.relations.empty()) writer_.truncate(emptied);
}

void StreamFollower::on(const KeepaliveFrame& keepalive) {
  // Inside a transaction the server speaks of what it has read, not of what it has sent.
  if (inside_) return;
  heard_ = keepalive;
  heard_at_ = Clock::now();
  passed(keepalive.sent, keepalive.time, keepalive.reply_requested);
}

const StreamedRelation* StreamFollower::begin_row(std::uint32_t table) {
  if (!inside_) throw MalformedMessage("stream message: a row outside a transaction");
  const StreamedRelation* const relation = relations_.rows_of(table);
  if (relation == nullptr || known_) return nullptr;
  open();
  tell(table);
  return relation;
}

void StreamFollower::open() {
  if (open_) return;
  writer_.begin();
  open_ = true;
  // Where nothing lies between the last position and this commit there was no place for what its rows may need: those
  // are statements alone, of which the relations know nothing.
  for (CatalogNote& note : notes_) {
    if (note.not_before != change::Position{}) continue;
    note.write(writer_);
    note.inside = true;
  }
}

void StreamFollower::tell(std::uint32_t table) {
  if (const auto freed = relations_.free_name_of(table)) writer_.schema(*freed);
  const std::optional<Redefinition> redefined = relations_.tell(table, commit_start_);
  if (!redefined) return;
  writer_.schema(redefined->change);
  if (!redefined->certain) {
    writer_.gap({.relation = redefined->change.after,
                 .reason = "a column may have been renamed, or dropped and added; its content cannot be told"});
  }
}

void StreamFollower::write_up_to(change::Position place, change::CommitTime time) {
  while (const auto mark = marks_.take(place)) meet(*mark, time);
  if (place <= written_) return;
  const auto due = [place](const CatalogNote& note) { return note.not_before <= place; };
  std::erase_if(notes_, [&](const CatalogNote& note) {
    const bool idle = due(note) && note.needed && !note.needed();
    if (idle && note.durable) note.durable();
    return idle;
  });
  if (std::ranges::any_of(notes_, due)) write_notes(place, time, {});
}

void StreamFollower::meet(const PositionMark& mark, change::CommitTime time) {
  const bool late = mark.position <= written_;
  if (!late) write_notes(mark.position, time, mark.tell);
  if (mark.met) mark.met();
  if (late && mark.tell) notes_.push_back({.not_before = mark.position, .write = mark.tell});
}

/// A transaction of those that belong before `place`, and of `last`.
void StreamFollower::write_notes(change::Position place, change::CommitTime time,
                                 const std::function<void(change::TransactionWriter&)>& last) {
  const auto due = [place](const CatalogNote& note) { return note.not_before <= place; };
  write_alone(place, time, [&](change::TransactionWriter& writer) {
    for (const CatalogNote& note : notes_) {
      if (due(note)) note.write(writer);
    }
    if (last) last(writer);
  });
  drop_written(due);
}

void StreamFollower::drop_written(const std::function<bool(const CatalogNote&)>& written) {
  for (CatalogNote& note : notes_) {
    if (written(note) && note.durable) when_durable_.push_back(std::move(note.durable));
  }
  std::erase_if(notes_, written);
}

void StreamFollower::passed(change::Position place, change::CommitTime time, bool urgent) {
  write_up_to(place, time);
  if (place <= written_) return;
  if (urgent || Clock::now() - last_commit_ >= idle_advance_) write_alone(place, time, {});
}

void StreamFollower::write_alone(change::Position position, change::CommitTime time,
                                 const std::function<void(change::TransactionWriter&)>& content) {
  writer_.begin();
  if (content) content(writer_);
  commit(position, time);
}

void StreamFollower::commit(change::Position position, change::CommitTime time) {
  if (remember_) remember_(position);
  writer_.commit({.position = position, .time = time});
  written_ = position;
  ++unsynced_;
  last_commit_ = Clock::now();
  relations_.keep(position);
  marks_.reached(position);
}

void StreamFollower::tick() {
  if (!inside_) passed(heard_.sent, heard_.time, false);
}

bool StreamFollower::wants_keepalive() const {
  if (inside_) return false;
  return marks_.any() || !notes_.empty() || Clock::now() - heard_at_ >= idle_advance_;
}

bool StreamFollower::wants_log_to_grow() const { return !notes_.empty() && !inside_; }

change::Position StreamFollower::sync() {
  writer_.sync();
  durable_ = written_;
  unsynced_ = 0;
  for (const auto& tell_durable : std::exchange(when_durable_, {})) tell_durable();
  return durable_;
}

}  // namespace pgmirror::capture::postgres
