#include "capture/postgres/postgres_session.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "capture/postgres/exported_snapshot.hpp"
#include "capture/postgres/postgres_snapshot.hpp"
#include "capture/postgres/reconnect_pause.hpp"
#include "capture/postgres/source_session.hpp"
#include "capture/postgres/sync_pace.hpp"

namespace pgmirror::capture::postgres {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* no_slot_left = "53400";
/// A publication is looked up as the catalog was when the log was written.
constexpr const char* undefined_object = "42704";

constexpr std::chrono::milliseconds idle_wait = 200ms;
/// While something waits for the stream to have come further.
constexpr std::chrono::milliseconds eager_wait = 20ms;

}  // namespace

PostgresSource::Session::Session(const config::PostgresSource& settings, const config::TableRules& rules,
                                 const std::filesystem::path& state_directory, change::Position queue_end,
                                 const std::optional<change::SourceIdentity>& queue_identity, const SourcePace& pace)
    : settings_(settings),
      rules_(rules),
      pace_(pace),
      names_(slot_names(settings)),
      publications_(names_.publication),
      history_{.source = settings.connection.address(),
               .slot = names_.slot,
               .database = settings.connection.database,
               .identity = queue_identity,
               .queue_end = queue_end},
      catalog_(settings, rules, publications_, relations_, state_directory, pace.catalog_poll) {
  ReplicationSession session(settings_.connection, "pgmirror");
  if (queue_identity) {
    const SourceFacts facts = require_history(session);
    prepare_backlog(session, facts.log_end);
    catalog_.start(false, queue_end);
    connected_.emplace(std::move(session));
    return;
  }
  const SourceFacts facts = read_source_facts(session.sql());
  require_usable(facts, history_.source);
  start_first(session, facts);
}

void PostgresSource::Session::start_first(ReplicationSession& session, const SourceFacts& facts) {
  const std::optional<SlotFacts> found = read_slot(session.sql(), names_.slot);
  if (found) require_own_slot(*found, history_);
  if (found && !publications_.exist(session.sql())) {
    throw SourceRefused(
        fmt::format("source {}: publication \"{}\" is gone, and without it replication slot \"{}\" cannot be read; "
                    "drop the slot with \"SELECT pg_drop_replication_slot('{}')\" and start again",
                    history_.source, names_.publication, names_.slot, names_.slot));
  }
  // The slot comes last: it cannot decode what was logged before its publications existed.
  publications_.create(session.sql());
  catalog_.start(!found, found ? found->confirmed_flush : change::Position{});
  if (found) {
    history_.queue_end = found->confirmed_flush;
    spdlog::info("[MirrorSource] Found replication slot {}", names_.slot);
  } else {
    const auto waiting = [] {
      spdlog::info("[MirrorSource] The slot waits for transactions that were open before it");
    };
    try {
      history_.queue_end =
          session.create_slot(names_.slot, ReplicationSession::Life::permanent, {}, waiting).consistent_point;
    } catch (const libpq::DatabaseError& refused) {
      if (refused.sqlstate() != no_slot_left) throw;
      throw SourceRefused(
          fmt::format("source {}: {}; raise max_replication_slots and restart the server, or drop a slot "
                      "that nobody needs",
                      history_.source, refused.what()));
    }
    spdlog::info("[MirrorSource] Created replication slot {}", names_.slot);
  }
  history_.identity = facts.identity();
}

SourceFacts PostgresSource::Session::require_history(ReplicationSession& session) {
  SourceFacts facts = read_source_facts(session.sql());
  require_usable(facts, history_.source);
  require_continuation(facts, read_slot(session.sql(), names_.slot), history_);
  if (!publications_.exist(session.sql())) {
    throw SourceRefused(
        fmt::format("source {}: publication \"{}\" or \"{}\" is gone, so changes may be missing; run "
                    "\"pgmirror resync --all\" to copy everything again",
                    history_.source, publications_.names()[0], publications_.names()[1]));
  }
  return facts;
}

void PostgresSource::Session::run(change::TransactionWriter& writer, const std::stop_token& stop) {
  const std::stop_callback ending(stop, [this] {
    ending_.request_stop();
    catalog_.abandon();
    start_breaker_.break_connection();
  });
  StreamFollower follower(
      writer, history_.queue_end, relations_, marks_,
      [this](const RelationMessage& message) { return catalog_.describe(message); }, pace_.idle_advance);
  follower.before_transactions([this, &follower](const BeginMessage& begin) { catalog_.look_before(begin, follower); });
  follower.before_commits([this](change::Position position) { catalog_.remember_told(position); });
  ReconnectPause pause;
  while (!stop.stop_requested()) {
    const change::Position before = follower.written();
    try {
      follow_until_lost(follower, stop);
    } catch (const libpq::DatabaseError& lost) {
      if (lost.sqlstate() == undefined_object) {
        follower.begin_session();
        sync(follower, nullptr);
        throw SourceRefused(
            fmt::format("source {}: {} for log that was written before it was made anew; run \"pgmirror "
                        "resync --all\" to copy everything again",
                        history_.source, lost.what()));
      }
      if (!stop.stop_requested()) spdlog::warn("[MirrorSource] {}: {}; connecting again", history_.source, lost.what());
    } catch (const MalformedMessage& garbled) {
      spdlog::error("[MirrorSource] {}: {}; connecting again", history_.source, garbled.what());
    } catch (const SourceRefused&) {
      follower.begin_session();
      sync(follower, nullptr);
      throw;
    }
    follower.begin_session();
    sync(follower, nullptr);
    if (follower.written() != before) pause.reset();
    if (!stop.stop_requested()) pause.wait(stop);
  }
}

void PostgresSource::Session::follow_until_lost(StreamFollower& follower, const std::stop_token& stop) {
  auto connected = std::exchange(connected_, std::nullopt);
  ReplicationSession session = connected ? std::move(*connected) : ReplicationSession(settings_.connection, "pgmirror");
  const auto server_timeout = start_stream(session, follower, stop);
  if (!server_timeout) return;
  // Where the network swallows what is sent, the catalog's session would wait for ever.
  StreamReceiver receiver(std::move(session), follower.written(),
                          {.server_timeout = *server_timeout, .patience = pace_.patience_with_queue},
                          [this] { catalog_.abandon(); });
  follow(follower, receiver, stop);
}

std::optional<std::chrono::milliseconds> PostgresSource::Session::start_stream(ReplicationSession& session,
                                                                               StreamFollower& follower,
                                                                               const std::stop_token& stop) {
  // Each of the session's statements waits for the server, perhaps for ever.
  const ConnectionBreaker::Guard guard(start_breaker_, session.socket());
  if (stop.stop_requested()) return std::nullopt;
  const SourceFacts facts = require_history(session);
  require_free_slot(session);
  const bool slot_was_free = read_backlog(session, facts.log_end, follower, stop);
  if (stop.stop_requested()) return std::nullopt;
  if (slot_was_free) require_history(session);
  session.stream(names_.slot, follower.written(), publications_.names());
  spdlog::info("[MirrorSource] Following {} from {}", history_.source, to_string(follower.written()));
  return facts.sender_timeout;
}

void PostgresSource::Session::require_free_slot(ReplicationSession& session) const {
  const auto slot = read_slot(session.sql(), names_.slot);
  if (!slot || slot->active_pid.empty()) return;
  throw libpq::DatabaseError(
      fmt::format("replication slot \"{}\" is in use by server process {} for client {}", names_.slot, slot->active_pid,
                  slot->client.empty() ? "unknown" : slot->client),
      "55006", false);
}

void PostgresSource::Session::follow(StreamFollower& follower, StreamReceiver& receiver, const std::stop_token& stop) {
  // It answers where the stream stands, which is what ends the wait below.
  const PositionMarks::Watch watch(marks_, [&receiver] { receiver.ask_for_keepalive(); });
  SyncPace pace;
  Clock::time_point log_grown = Clock::now();
  while (!stop.stop_requested()) {
    const bool eager = follower.wants_keepalive();
    if (eager) receiver.ask_for_keepalive();
    auto wait = eager ? eager_wait : idle_wait;
    if (follower.has_unsynced()) wait = std::min(wait, pace.left(Clock::now()));
    const auto chunk = receiver.take(stop, wait);
    if (chunk) chunk->each([&follower](std::string_view frame) { follower.take(frame); });
    follower.tick();
    catalog_.poll(follower);
    const auto now = Clock::now();
    if (const auto commits = follower.unsynced(); pace.due(commits, receiver.waiting(), now)) {
      sync(follower, &receiver);
      pace.synced(commits, now);
    }
    if (follower.wants_log_to_grow() && now - log_grown > 1s) {
      catalog_.grow_log();
      log_grown = now;
    }
  }
  follower.begin_session();
  sync(follower, &receiver);
}

void PostgresSource::Session::sync(StreamFollower& follower, StreamReceiver* receiver) {
  history_.queue_end = follower.sync();
  if (receiver != nullptr) receiver->acknowledge(history_.queue_end);
}

std::unique_ptr<change::Snapshot> PostgresSource::Session::open_snapshot() {
  const ExportedSnapshot exported(settings_.connection, ending_.get_token());
  auto snapshot = std::make_unique<PostgresSnapshot>(settings_.connection, rules_, script_options(settings_),
                                                     exported.name(), exported.position());
  const std::shared_ptr<SnapshotDefinitions> definitions = snapshot->definitions_to_tell();
  marks_.want(
      {.position = exported.position(),
       .tell = [this, definitions](change::TransactionWriter& writer) { definitions->tell(relations_, writer); },
       .met = [this, definitions] { definitions->compare(relations_); }});
  return snapshot;
}

std::vector<change::SchemaStatement> PostgresSource::Session::type_additions() {
  libpq::Connection connection = open_source_session(settings_.connection, "pgmirror types");
  RelationCatalog catalog(rules_);
  catalog.refresh(connection);
  return enum_additions(connection, catalog);
}

}  // namespace pgmirror::capture::postgres
