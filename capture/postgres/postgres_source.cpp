#include "capture/postgres/postgres_source.hpp"

#include "capture/postgres/postgres_session.hpp"
#include "capture/postgres/source_session.hpp"
#include "capture/postgres/triggers/trigger_source.hpp"

namespace pgmirror::capture::postgres {

PostgresSource::PostgresSource(const config::PostgresSource& settings, const config::TableRules& rules,
                               const std::filesystem::path& state_directory, change::Position queue_end,
                               const std::optional<change::SourceIdentity>& queue_identity, const SourcePace& pace)
    : session_(std::make_unique<Session>(settings, rules, state_directory, queue_end, queue_identity, pace)) {}

PostgresSource::~PostgresSource() = default;

change::SourceIdentity PostgresSource::identity() const { return session_->identity(); }

change::Position PostgresSource::queue_start() { return session_->queue_start(); }

void PostgresSource::run(change::TransactionWriter& writer, std::stop_token stop) { session_->run(writer, stop); }

std::unique_ptr<change::Snapshot> PostgresSource::open_snapshot() { return session_->open_snapshot(); }

std::vector<change::SchemaStatement> PostgresSource::type_additions() { return session_->type_additions(); }

void teardown(const config::PostgresSource& settings) {
  const SlotNames names = slot_names(settings);
  libpq::Connection connection = open_source_session(settings.connection, "pgmirror teardown");
  connection.execute(
      "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots"
      " WHERE slot_name OPERATOR(pg_catalog.=) $1::pg_catalog.name",
      libpq::Parameters::texts({names.slot}));
  Publications(names.publication).drop(connection);
  triggers::remove_triggers(settings);
}

}  // namespace pgmirror::capture::postgres
