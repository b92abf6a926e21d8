#include "capture/postgres/backlog_readers.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "capture/postgres/backlog_statement.hpp"
#include "capture/postgres/log_position.hpp"

namespace pgmirror::capture::postgres {

using Reader = BacklogTurns::Reader;

BacklogReaders::BacklogReaders(SlotCopy first, std::unique_ptr<SlotCopying> second,
                               std::vector<std::string> publications, const BacklogPace& pace,
                               std::chrono::milliseconds patience)
    : slot_(std::move(first.slot)),
      publications_(std::move(publications)),
      pace_(pace),
      patience_(patience),
      steps_(pace),
      second_copying_(std::move(second)),
      first_(
          std::move(first.connection),
          [this](libpq::Connection& connection, std::uint64_t rows) { return next_of_first(connection, rows); },
          patience,
          [this](const std::exception_ptr& why) {
            turns_.end();
            if (second_) second_->give_up(why);
          }) {}

BacklogReaders::~BacklogReaders() { turns_.end(); }

std::optional<StreamChunk> BacklogReaders::take(const std::stop_token& stop, std::chrono::milliseconds timeout) {
  const auto turn = turns_.wait(stop, timeout);
  // It knows why, where that is not the end.
  if (!turn) return turns_.ended() ? first_.take(stop, timeout) : std::nullopt;
  give_turn(*turn);
  return turn_ == Reader::first ? first_.take(stop, timeout) : second_->take(stop, timeout);
}

void BacklogReaders::give_turn(Reader reader) {
  if (reader == turn_) return;
  turn_ = reader;
  first_.have_turn(reader == Reader::first);
  second_->have_turn(reader == Reader::second);
}

std::optional<std::string> BacklogReaders::next_of_first(libpq::Connection& connection, std::uint64_t rows) {
  steps_.taken(rows);
  auto copy = next_step(connection);
  if (copy) {
    turns_.add(Reader::first);
  } else {
    turns_.end();
  }
  return copy;
}

std::optional<std::string> BacklogReaders::next_step(libpq::Connection& connection) {
  look(connection);
  if (split_ && last_look_.passed >= split_->middle) pass_what_the_second_reads(connection);
  if (!split_) split();
  Backlog own = last_look_;
  if (split_) own.log_end = split_->middle;
  auto step = steps_.next(own);
  if (!step && split_) step = BacklogStep{.up_to = split_->middle};
  if (!step) return std::nullopt;
  return copy_backlog_sql(slot_, *step, publications_);
}

void BacklogReaders::look(libpq::Connection& connection) {
  last_look_ = read_backlog(connection.execute(backlog_sql(slot_)));
}

void BacklogReaders::pass_what_the_second_reads(libpq::Connection& connection) {
  turns_.add(Reader::second);
  const change::Position end = std::exchange(split_, std::nullopt)->end;
  if (last_look_.log_end.value < end.value + pace_.near) {
    last_look_.passed = end;
    return;
  }
  connection.execute(advance_slot_sql(slot_, end));
  look(connection);
  steps_ = BacklogSteps(pace_);
}

void BacklogReaders::split() {
  const auto split = steps_.split(last_look_);
  if (!split || !have_second()) return;
  split_ = split;
  turns_.hand_over(*split);
}

bool BacklogReaders::have_second() {
  if (second_) return true;
  if (!second_copying_ || !second_copying_->ready()) return false;
  const auto copying = std::exchange(second_copying_, nullptr);
  try {
    SlotCopy copy = copying->get();
    second_slot_ = std::move(copy.slot);
    second_.emplace(
        std::move(copy.connection),
        [this](libpq::Connection& connection, std::uint64_t) { return next_of_second(connection); }, patience_,
        [this](const std::exception_ptr& why) {
          turns_.end();
          first_.give_up(why);
        });
    second_->have_turn(false);
    return true;
  } catch (const libpq::DatabaseError& failed) {
    spdlog::debug("[MirrorSource] one reader for the backlog: {}", failed.what());
    return false;
  }
}

std::optional<std::string> BacklogReaders::next_of_second(libpq::Connection& connection) {
  const auto split = turns_.wait_for_split();
  if (!split) return std::nullopt;
  const libpq::Result moved = connection.execute(advance_slot_sql(second_slot_, split->middle));
  if (parse_log_position(moved.text(0, 0)) != split->middle) {
    throw libpq::DatabaseError(
        fmt::format("temporary slot was to move to {} and stands at {}", to_string(split->middle), moved.text(0, 0)),
        "", false);
  }
  return copy_backlog_sql(second_slot_, {.up_to = split->end}, publications_);
}

}  // namespace pgmirror::capture::postgres
