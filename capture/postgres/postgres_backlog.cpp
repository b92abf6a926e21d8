#include <spdlog/spdlog.h>

#include <utility>

#include "capture/postgres/backlog_statement.hpp"
#include "capture/postgres/postgres_session.hpp"
#include "capture/postgres/slot_copy.hpp"

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
  std::unique_ptr<SlotCopying> copying = std::move(slot_copying_);
  if (std::exchange(backlog_fails_, false)) return false;
  if (log_end.value < follower.written().value + pace_.backlog.near) return false;
  try {
    if (!copying) {
      confirm(session.sql(), stop);
      copying = std::make_unique<SlotCopying>(settings_.connection, names_.slot);
    }
    std::optional<SlotCopy> copy;
    {
      const std::stop_callback giving_up(stop, [&copying] { copying->abandon(); });
      copy = copying->get();
    }
    if (stop.stop_requested()) return true;
    const std::string& slot = copy->slot;
    spdlog::info("[MirrorSource] {} is {} MB ahead: catching up from {}", history_.source,
                 (log_end.value - follower.written().value) >> 20U, to_string(follower.written()));
    const auto next_copy = [slot, publications = publications_.names(), steps = BacklogSteps(pace_.backlog)](
                               libpq::Connection& server, std::uint64_t rows) mutable -> std::optional<std::string> {
      steps.taken(rows);
      const auto step = steps.next(postgres::read_backlog(server.execute(backlog_sql(slot))));
      if (!step) return std::nullopt;
      return copy_backlog_sql(slot, *step, publications);
    };
    BacklogReceiver receiver(std::move(copy->connection), next_copy, pace_.patience_with_queue);
    take_backlog(receiver, session, follower, stop);
    if (stop.stop_requested()) return true;
    sync(follower, nullptr);
    // The stream begins by decoding all of it again, which costs several times what moving the slot does.
    confirm(session.sql(), stop);
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
  if (slot && slot->confirmed_flush == history_.queue_end)
    slot_copying_ = std::make_unique<SlotCopying>(settings_.connection, names_.slot);
}

/// Tells the slot what is durable here, so that the server need not keep it any longer.
void PostgresSource::Session::confirm(libpq::Connection& connection, const std::stop_token& stop) {
  const ConnectionBreaker::Guard guard(backlog_breaker_, PQsocket(connection.native()));
  if (stop.stop_requested()) return;
  const auto slot = read_slot(connection, names_.slot);
  if (!slot || history_.queue_end <= slot->confirmed_flush) return;
  connection.execute(advance_slot_sql(names_.slot, history_.queue_end));
}

void PostgresSource::Session::take_backlog(BacklogReceiver& receiver, ReplicationSession& session,
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
  };
  while (!receiver.finished()) {
    const auto chunk = receiver.take(stop, idle_wait);
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
    confirm(session.sql(), stop);
    confirmed = history_.queue_end;
  }
}

}  // namespace pgmirror::capture::postgres
