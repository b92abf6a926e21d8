#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "capture/postgres/postgres_source.hpp"
#include "capture/postgres/triggers/log_session.hpp"
#include "capture/source.hpp"
#include "config/config.hpp"

namespace pgmirror::capture::postgres::triggers {

/// Follows one database of a PostgreSQL server by triggers of its own in it, where the server's log cannot be decoded.
///
/// Triggers write to a log in the source which rows were touched (change_log.hpp). From time to time everything that
/// was committed since the last time becomes one transaction of the queue, in which the rows stand as they do in the
/// source at that moment: a mirror never shows a state that the source did not have, but not each of its states.
///
/// Positions are places of the server's log, as with decoding. What is captured stays in the source's log until the
/// queue has it durably, so that whatever dies loses and repeats nothing; what says that the history is another one
/// than the queue continues is a SourceRefused with the remedy.
class TriggerSource : public Source {
 public:
  /// Connects, checks, and makes log and triggers where `queue_identity` is empty. Throws SourceRefused, or
  /// DatabaseError where the server cannot be reached. Parameters as of PostgresSource.
  TriggerSource(const config::PostgresSource& settings, const config::TableRules& rules,
                const std::filesystem::path& state_directory, change::Position queue_end,
                const std::optional<change::SourceIdentity>& queue_identity, const SourcePace& pace = {});

  change::SourceIdentity identity() const override { return *history_.identity; }
  change::Position queue_start() override { return history_.queue_end; }
  void run(change::TransactionWriter& writer, std::stop_token stop) override;
  /// Does not wait. The queue stops at the snapshot's position; should the connection be lost before it does, every
  /// table is copied again from a later snapshot.
  std::unique_ptr<change::Snapshot> open_snapshot() override;
  std::vector<change::SchemaStatement> type_additions() override;
  bool tells_gaps() const override { return true; }

 private:
  void start_first();

  const config::PostgresSource settings_;
  const config::TableRules rules_;
  const std::filesystem::path state_directory_;
  const SourcePace pace_;
  ExpectedHistory history_;
  std::optional<Moments> moments_;
};

/// Takes triggers and log away where they exist. Throws DatabaseError, for example where a writer of a table does not
/// end (55P03); what is gone by then stays gone.
void remove_triggers(const config::PostgresSource& settings);

/// As why_not_continued() for a source that is decoded.
std::optional<std::string> why_log_not_continued(const config::PostgresSource& settings, change::Position queue_end,
                                                 const std::optional<change::SourceIdentity>& queue_identity);

}  // namespace pgmirror::capture::postgres::triggers
