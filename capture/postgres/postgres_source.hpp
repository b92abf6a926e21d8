#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "capture/postgres/backlog_steps.hpp"
#include "capture/source.hpp"
#include "config/config.hpp"

namespace pgmirror::capture::postgres {

/// How often things are written that nobody waits for.
struct SourcePace {
  /// After so long without a commit the queue gets an empty transaction, so that the slot of an idle database moves on.
  std::chrono::milliseconds idle_advance{10'000};
  std::chrono::milliseconds catalog_poll{1'000};
  /// A queue that takes nothing for so long gives the connection back: a server that is to shut down waits for its
  /// readers.
  std::chrono::milliseconds patience_with_queue{60'000};
  BacklogPace backlog{};
};

/// Follows one database of a PostgreSQL server by logical decoding (pgoutput), commit by commit.
///
/// At the first start it makes publications of named tables and then the slot; both are found again after a crash and
/// never dropped or made again by itself. A lost connection, a restarted server or a busy slot is waited for; whatever
/// says that the history is not the one that the queue continues (another cluster, an older backup on either side, a
/// lost slot) is a SourceRefused with the remedy.
///
/// A commit's position is the end of its record in the server's log. The slot is acknowledged up to the last commit
/// that `writer` has made durable and never further.
class PostgresSource : public Source {
 public:
  /// Connects, checks, and makes publications and slot where `queue_identity` is empty. Throws SourceRefused, or
  /// DatabaseError where the server cannot be reached.
  ///
  /// `state_directory` keeps what the catalog was last told to be. `queue_end` is the last durable commit in the queue,
  /// `queue_identity` the history it belongs to; both are empty at the first start.
  PostgresSource(const config::PostgresSource& settings, const config::TableRules& rules,
                 const std::filesystem::path& state_directory, change::Position queue_end,
                 const std::optional<change::SourceIdentity>& queue_identity, const SourcePace& pace = {});
  ~PostgresSource() override;
  PostgresSource(const PostgresSource&) = delete;
  PostgresSource& operator=(const PostgresSource&) = delete;

  /// `postgresql:SYSTEM/DATABASE/TIMELINE`.
  change::SourceIdentity identity() const override;
  /// Where a new queue begins: commits that end later are told.
  change::Position queue_start() override;

  void run(change::TransactionWriter& writer, std::stop_token stop) override;

  /// Waits for transactions of the source that are open now; ends early with SourceRefused when run() is asked to stop.
  std::unique_ptr<change::Snapshot> open_snapshot() override;
  std::vector<change::SchemaStatement> type_additions() override;
  bool tells_gaps() const override { return true; }

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

/// Drops slot and publications, triggers and their log where they exist: the source keeps nothing for this pgmirror any
/// more. Throws DatabaseError, for example while the slot is in use (55006).
void teardown(const config::PostgresSource& settings);

}  // namespace pgmirror::capture::postgres
