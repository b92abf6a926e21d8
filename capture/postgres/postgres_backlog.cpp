#include <spdlog/spdlog.h>

#include <utility>

#include "capture/postgres/backlog_receiver.hpp"
#include "capture/postgres/backlog_statement.hpp"
#include "capture/postgres/decoding_memory.hpp"
#include "capture/postgres/postgres_session.hpp"
#include "capture/postgres/server_versions.hpp"
#include "capture/postgres/source_session.hpp"

namespace pgmirror::capture::postgres {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Nobody waits for a single commit of a backlog.
constexpr auto longest_group = 50ms;
constexpr auto idle_wait = 200ms;

libpq::Connection open_backlog_session(const config::ConnectionSettings& settings) {
  libpq::Connection connection = open_source_session(settings, "pgmirror backlog");
  raise_decoding_memory(connection);
  // A server process whose client has gone would hold the slot until it comes to send.
  if (connection.server_version() >= since::connection_check)
    connection.execute("SET client_connection_check_interval = 1000");
  return connection;
}

}  // namespace

void PostgresSource::Session::read_backlog(ReplicationSession& session, StreamFollower& follower,
                                           const std::stop_token& stop) {
  if (std::exchange(backlog_fails_, false)) return;
  BacklogSteps steps(pace_.backlog);
  std::optional<libpq::Connection> connection;
  try {
    while (!stop.stop_requested()) {
      // Each time, since nobody holds the slot between two steps.
      const SourceFacts facts = require_history(session);
      const auto slot = read_slot(session.sql(), names_.slot);
      const auto step = steps.next(follower.written(), slot ? slot->restart : change::Position{}, facts.log_end);
      if (!slot || !step) break;
      if (!connection) {
        connection.emplace(open_backlog_session(settings_.connection));
        spdlog::info("[MirrorSource] {} is {} MB ahead: catching up from {}", history_.source,
                     (facts.log_end.value - follower.written().value) >> 20U, to_string(follower.written()));
      }
      if (history_.queue_end > slot->confirmed_flush) {
        backlog_breaker_.guard(PQsocket(connection->native()));
        if (!stop.stop_requested()) connection->execute(advance_slot_sql(names_.slot, history_.queue_end));
        backlog_breaker_.release();
      }
      steps.taken(read_backlog_step(connection, *step, follower, stop));
      sync(follower, nullptr);
    }
  } catch (const libpq::DatabaseError& failed) {
    backlog_breaker_.release();
    // Whatever it was, the next try is the stream's.
    backlog_fails_ = failed.connection_lost();
    if (backlog_fails_) throw;
    spdlog::warn("[MirrorSource] {}: {}; streaming instead", history_.source, failed.what());
  } catch (const MalformedMessage&) {
    backlog_fails_ = true;
    throw;
  }
  follower.begin_session();
}

std::uint64_t PostgresSource::Session::read_backlog_step(std::optional<libpq::Connection>& connection,
                                                         const BacklogStep& step, StreamFollower& follower,
                                                         const std::stop_token& stop) {
  follower.begin_session();
  BacklogReceiver receiver(std::move(*connection), copy_backlog_sql(names_.slot, step, publications_.names()),
                           pace_.patience_with_queue);
  connection.reset();
  Clock::time_point oldest_unsynced = Clock::now();
  bool first = true;
  std::uint64_t messages = 0;
  const auto take_message = [&](std::string_view message) {
    follower.take_message(message);
    ++messages;
  };
  while (!receiver.finished()) {
    const auto chunk = receiver.take(stop, idle_wait);
    if (stop.stop_requested()) return messages;
    const bool had_unsynced = follower.has_unsynced();
    if (chunk) {
      chunk->each(
          [&](std::string_view bytes) { each_copied_message(bytes, std::exchange(first, false), take_message); });
    }
    follower.tick();
    catalog_.poll(follower);
    const auto now = Clock::now();
    if (!had_unsynced) oldest_unsynced = now;
    if (follower.has_unsynced() && now - oldest_unsynced > longest_group) sync(follower, nullptr);
  }
  if (follower.inside_transaction()) throw MalformedMessage("stream message: a backlog ends inside a transaction");
  connection.emplace(receiver.give_back());
  return messages;
}

}  // namespace pgmirror::capture::postgres
