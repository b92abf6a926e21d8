#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "capture/source.hpp"
#include "config/config.hpp"

namespace pgmirror::capture::sqlite {

/// Follows one SQLite file commit by commit without writing into it.
///
/// Frames that the application commits to its `-wal` file are compared with a shadow copy of the pages in the state
/// directory, which gives the rows that changed. Whatever happened while nobody followed (agent down, file restored,
/// WAL reset) becomes one transaction: the whole file is compared with the shadow when run() starts and whenever a gap
/// is noticed. Stores in rollback-journal mode are polled and compared as a whole, unless `switch_to_wal` consents to
/// WAL.
///
/// At the first start the file is copied into the shadow: that is position 1, with no transaction; sinks copy the rows
/// from a snapshot. Transactions that change no mirrored row have no position.
class SqliteSource : public Source {
 public:
  /// Opens the file and the shadow, brings the shadow to `queue_end` exactly, or makes a new shadow where there is
  /// none. Blocks while the file is copied.
  ///
  /// `queue_end` is the last durable commit in the queue (zero: none), `queue_identity` the history it belongs to.
  /// Throws SourceRefused for a store that cannot be followed, ShadowUnusable when shadow and queue do not fit
  /// together.
  SqliteSource(const config::SqliteSource& settings, const config::TableRules& rules,
               const std::filesystem::path& state_directory, change::Position queue_end,
               const std::optional<change::SourceIdentity>& queue_identity);
  ~SqliteSource() override;
  SqliteSource(const SqliteSource&) = delete;
  SqliteSource& operator=(const SqliteSource&) = delete;

  /// `sqlite:` and the random number that the shadow got when it was made.
  change::SourceIdentity identity() const override;

  /// Must not be called again after it threw: what the writer then holds is known only to the next process.
  void run(change::TransactionWriter& writer, std::stop_token stop) override;

  /// Waits for the group of transactions in progress to be durable, some milliseconds. The snapshot must die before the
  /// source.
  std::unique_ptr<change::Snapshot> open_snapshot() override;

  std::optional<std::chrono::steady_clock::time_point> captured_until() const override;
  std::optional<std::string> trouble() const override;

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

}  // namespace pgmirror::capture::sqlite
