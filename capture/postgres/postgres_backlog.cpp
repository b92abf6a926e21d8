#include <spdlog/spdlog.h>

#include <utility>

#include "capture/postgres/backlog_statement.hpp"
#include "capture/postgres/postgres_session.hpp"

namespace pgmirror::capture::postgres {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Nobody waits for a single commit of a backlog.
constexpr auto longest_group = 50ms;
constexpr auto idle_wait = 200ms;

}  // namespace

bool PostgresSource::Session::read_backlog(ReplicationSession& session, change::Position log_end,
                                           StreamFollower& follower, const std::stop_token& stop) {
  // It stands where the slot did at the start, which is where the queue ended.
  SlotCopies copies = std::exchange(slot_copies_, {});
  if (std::exchange(backlog_fails_, false)) return false;
  if (log_end.value < follower.written().value + pace_.backlog.near) return false;
  try {
    if (!copies) {
      confirm(session.sql());
      copies = copy_slot(log_end);
    }
    std::optional<SlotCopy> first;
    {
      const std::stop_callback giving_up(stop, [&copies] { copies.first->abandon(); });
      first = copies.first->get();
    }
    if (stop.stop_requested()) return true;
    spdlog::info("[MirrorSource] {} is {} MB ahead: catching up from {}", history_.source,
                 (log_end.value - follower.written().value) >> 20U, to_string(follower.written()));
    BacklogReaders readers(std::move(*first), std::move(copies.second), publications_.names(), pace_.backlog,
                           pace_.patience_with_queue);
    take_backlog(readers, session, follower, stop);
    if (stop.stop_requested()) return true;
    // What ends behind the last commit, a checkpoint perhaps, is passed as well.
    follower.passed(readers.last_look().passed, readers.last_look().looked_at, true);
    sync(follower, nullptr);
    confirm(session.sql());
    shorten_start(session.sql());
  } catch (const libpq::DatabaseError& failed) {
    // Whatever it was, the next try is the stream's.
    backlog_fails_ = failed.connection_lost();
    if (backlog_fails_) throw;
    spdlog::warn("[MirrorSource] {}: {}; streaming instead", history_.source, failed.what());
  } catch (const MalformedMessage&) {
    backlog_fails_ = true;
    throw;
  }
  follower.begin_session();
  return true;
}

void PostgresSource::Session::prepare_backlog(ReplicationSession& session, change::Position log_end) {
  if (log_end.value < history_.queue_end.value + pace_.backlog.near) return;
  const auto slot = read_slot(session.sql(), names_.slot);
  if (slot && slot->confirmed_flush == history_.queue_end) slot_copies_ = copy_slot(log_end);
}

SlotCopies PostgresSource::Session::copy_slot(change::Position log_end) const {
  const config::ConnectionSettings& source = settings_.connection;
  SlotCopies copies;
  copies.first = std::make_unique<SlotCopying>(source, names_.slot, SlotCopying::Memory::raised);
  if (log_end.value >= history_.queue_end.value + pace_.backlog.worth_two) {
    copies.second =
        std::make_unique<SlotCopying>(source, names_.slot, SlotCopying::Memory::as_set, copies.first->tried());
  }
  return copies;
}

/// The stream begins by reading again all that lies behind the slot's restart, asking its client for news at each
/// record of the log. A slot is moved without that, and only while it is moved does its restart follow, as far as the
/// slot stood before.
void PostgresSource::Session::shorten_start(libpq::Connection& connection) {
  connection.execute(advance_slot_sql(names_.slot, history_.queue_end));
}

/// Tells the slot what is durable here, so that the server need not keep it any longer.
void PostgresSource::Session::confirm(libpq::Connection& connection) {
  const auto slot = read_slot(connection, names_.slot);
  if (!slot || history_.queue_end <= slot->confirmed_flush) return;
  connection.execute(advance_slot_sql(names_.slot, history_.queue_end));
}

void PostgresSource::Session::take_backlog(BacklogReaders& readers, ReplicationSession& session,
                                           StreamFollower& follower, const std::stop_token& stop) {
  Clock::time_point oldest_unsynced = Clock::now();
  change::Position confirmed = history_.queue_end;
  bool first = true;
  const auto take_messages = [&](std::string_view bytes) {
    // Each copy begins a session of the output plugin.
    if (first) follower.begin_session();
    const bool ended = each_copied_message(bytes, std::exchange(first, false),
                                           [&](std::string_view message) { follower.take_message(message); });
    if (!ended) return;
    if (follower.inside_transaction()) throw MalformedMessage("stream message: a backlog ends inside a transaction");
    first = true;
    readers.copy_taken();
  };
  while (!readers.finished()) {
    const auto chunk = readers.take(stop, idle_wait);
    if (stop.stop_requested()) return;
    const bool had_unsynced = follower.has_unsynced();
    if (chunk) chunk->each(take_messages);
    follower.tick();
    catalog_.poll(follower);
    const auto now = Clock::now();
    if (!had_unsynced) oldest_unsynced = now;
    if (!follower.has_unsynced() || now - oldest_unsynced <= longest_group) continue;
    sync(follower, nullptr);
    if (history_.queue_end.value < confirmed.value + pace_.backlog.most_kept) continue;
    confirm(session.sql());
    confirmed = history_.queue_end;
  }
}

}  // namespace pgmirror::capture::postgres
