#include "capture/postgres/triggers/trigger_source.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "capture/postgres/catalog_follower.hpp"
#include "capture/postgres/postgres_snapshot.hpp"
#include "capture/postgres/reconnect_pause.hpp"
#include "capture/postgres/source_session.hpp"
#include "capture/postgres/triggers/change_log.hpp"
#include "capture/postgres/triggers/progress.hpp"
#include "capture/postgres/triggers/source_check.hpp"

namespace pgmirror::capture::postgres::triggers {
namespace {

/// The moment was overtaken by a change of some table's definition.
constexpr const char* serialization_failure = "40001";

ExpectedHistory expected_history(const config::PostgresSource& settings, change::Position queue_end,
                                 const std::optional<change::SourceIdentity>& identity) {
  return {.source = settings.connection.address(),
          .slot = {},
          .database = settings.connection.database,
          .identity = identity,
          .queue_end = queue_end};
}

}  // namespace

TriggerSource::TriggerSource(const config::PostgresSource& settings, const config::TableRules& rules,
                             const std::filesystem::path& state_directory, change::Position queue_end,
                             const std::optional<change::SourceIdentity>& queue_identity, const SourcePace& pace)
    : settings_(settings),
      rules_(rules),
      state_directory_(state_directory),
      pace_(pace),
      history_(expected_history(settings, queue_end, queue_identity)) {
  if (queue_identity) {
    libpq::Connection connection = open_source_session(settings_.connection, "pgmirror");
    const SourceFacts facts = read_source_facts(connection);
    require_fit(facts, history_.source);
    require_continuation(connection, facts, history_);
  } else {
    start_first();
  }
  moments_.emplace(settings_.connection, history_.queue_end);
}

void TriggerSource::start_first() {
  libpq::Connection connection = open_source_session(settings_.connection, "pgmirror");
  const SourceFacts facts = read_source_facts(connection);
  require_fit(facts, history_.source);
  take_log(connection);
  if (!has_change_log(connection)) {
    make_change_log(connection);
    spdlog::info("[MirrorSource] Made the log of changes in schema pgmirror");
  }
  Definitions definitions(settings_, rules_, state_directory_);
  // What an attempt of ours has begun that ended before there was a queue stands in the state directory.
  if (!definitions.known() && Progress::any(connection)) {
    throw SourceRefused(fmt::format(
        "source {}: the log of changes belongs to the queue of another pgmirror, or to one whose state directory is "
        "lost: one pgmirror reads it; give that one both mirrors, or follow by logical decoding, or, where it is gone, "
        "take the log away with \"pgmirror resync --all --yes\"",
        history_.source));
  }
  definitions.forget();
  SequenceWatch(sequences_file(state_directory_)).forget();
  // Those that cannot be made now are tried again while the source is followed; their tables are copied then.
  Moment before(open_source_session(settings_.connection, "pgmirror"), {});
  TriggerInstallation installation;
  if (auto news = definitions.look(before.connection())) installation.want(std::move(news->missing));
  installation.attempt(connection);
  Moment first(before.end(), {});
  definitions.remember(definitions.look(first.connection()).value());
  Progress::begin(connection, first.position(), first.snapshot());
  history_.queue_end = first.position();
  history_.identity = facts.identity();
}

void TriggerSource::run(change::TransactionWriter& writer, std::stop_token stop) {
  LogFollowing following{.settings = settings_,
                         .rules = rules_,
                         .state_directory = state_directory_,
                         .pace = pace_,
                         .moments = *moments_,
                         .history = history_};
  const std::stop_callback ending(stop, [&following] {
    following.noting.break_connection();
    following.reading.break_connection();
  });
  ReconnectPause pause;
  while (!stop.stop_requested()) {
    const change::Position before = history_.queue_end;
    try {
      LogSession(following, writer).follow(stop);
    } catch (const libpq::DatabaseError& lost) {
      if (!stop.stop_requested() && lost.sqlstate() != serialization_failure)
        spdlog::warn("[MirrorSource] {}: {}; connecting again", history_.source, lost.what());
    } catch (const UnreadableLog& unreadable) {
      following.unreadable.emplace(unreadable.table, std::string("its log cannot be read: ") + unreadable.what());
    } catch (...) {
      moments_->close();
      throw;
    }
    if (history_.queue_end != before) pause.reset();
    if (!stop.stop_requested()) pause.wait(stop);
  }
  moments_->close();
}

std::unique_ptr<change::Snapshot> TriggerSource::open_snapshot() {
  return moments_->promise([this](const std::string& exported, change::Position position) {
    return std::make_unique<PostgresSnapshot>(settings_.connection, rules_, script_options(settings_), exported,
                                              position, config::CaptureMethod::triggers);
  });
}

std::vector<change::SchemaStatement> TriggerSource::type_additions() {
  libpq::Connection connection = open_source_session(settings_.connection, "pgmirror types");
  RelationCatalog catalog(rules_, config::CaptureMethod::triggers);
  catalog.refresh(connection);
  return enum_additions(connection, catalog);
}

void remove_triggers(const config::PostgresSource& settings) {
  libpq::Connection connection = open_source_session(settings.connection, "pgmirror teardown");
  drop_triggers(connection);
  drop_change_log(connection);
}

std::optional<std::string> why_log_not_continued(const config::PostgresSource& settings, change::Position queue_end,
                                                 const std::optional<change::SourceIdentity>& queue_identity) {
  if (!queue_identity) return std::nullopt;
  libpq::Connection connection = open_source_session(settings.connection, "pgmirror");
  try {
    require_continuation(connection, read_source_facts(connection),
                         expected_history(settings, queue_end, queue_identity));
  } catch (const SourceRefused& refused) {
    return refused.what();
  }
  return std::nullopt;
}

}  // namespace pgmirror::capture::postgres::triggers
