#include "capture/postgres/triggers/move_to_decoding.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <optional>

#include "capture/postgres/publication.hpp"
#include "capture/postgres/replication_session.hpp"
#include "capture/postgres/slot_names.hpp"
#include "capture/postgres/source_session.hpp"
#include "capture/postgres/triggers/log_session.hpp"
#include "capture/postgres/triggers/trigger_source.hpp"

namespace pgmirror::capture::postgres::triggers {
namespace {

/// A table that is published behind the slot would miss rows of transactions that are open.
void publish(libpq::Connection& connection, const Publications& publications, const config::TableRules& rules,
             const std::string& source) {
  publications.create(connection);
  RelationCatalog catalog(rules);
  catalog.refresh(connection);
  for (const FollowedTable& table : catalog.followed()) {
    if (table.following != Following::inserts_only) continue;
    spdlog::warn("[MirrorSource] Table {} {}: with logical decoding only its inserts and truncates are followed",
                 table.relation->qualified_name(), table.reason);
  }
  if (!publications.bring_to(connection, catalog).refused.empty()) {
    throw SourceRefused(
        fmt::format("source {}: not every table can be published yet, see above; triggers go on "
                    "meanwhile, run \"pgmirror move-to-decoding --yes\" again",
                    source));
  }
}

void drop_slot(libpq::Connection& connection, const std::string& slot) {
  connection.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1::name",
                     libpq::Parameters::texts({slot}));
}

}  // namespace

void move_to_decoding(const config::PostgresSource& settings, const config::TableRules& rules,
                      const std::filesystem::path& state_directory, change::TransactionWriter& writer,
                      change::Position queue_end, const change::SourceIdentity& identity) {
  const SlotNames names = slot_names(settings);
  ExpectedHistory history{.source = settings.connection.address(),
                          .slot = names.slot,
                          .database = settings.connection.database,
                          .identity = identity,
                          .queue_end = queue_end};
  ReplicationSession session(settings.connection, "pgmirror");
  const SourceFacts facts = read_source_facts(session.sql());
  require_usable(facts, history.source);
  require_same_history(facts, history);
  const std::optional<SlotFacts> slot = read_slot(session.sql(), names.slot);
  if (slot) require_own_slot(*slot, history);
  // Made by an attempt that came this far.
  if (!slot || slot->confirmed_flush != queue_end) {
    const SourcePace pace;
    Moments moments(settings.connection, queue_end);
    LogFollowing following{.settings = settings,
                           .rules = rules,
                           .state_directory = state_directory,
                           .pace = pace,
                           .moments = moments,
                           .history = history};
    LogSession log(following, writer);
    libpq::Connection connection = open_source_session(settings.connection, "pgmirror");
    publish(connection, Publications(names.publication), rules, history.source);
    if (slot) drop_slot(connection, names.slot);
    const CreatedSlot made = session.create_slot(names.slot, ReplicationSession::Life::permanent, {}, [] {
      spdlog::info("[MirrorSource] The slot waits for transactions that were open before it");
    });
    Moment moment(std::move(connection), made.snapshot, made.consistent_point);
    log.finish(moment);
    spdlog::info("[MirrorSource] The queue has everything up to {}, where replication slot {} goes on",
                 to_string(made.consistent_point), names.slot);
  }
  remove_triggers(settings);
}

}  // namespace pgmirror::capture::postgres::triggers
