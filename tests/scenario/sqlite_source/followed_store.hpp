#pragma once

#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "capture/sqlite/sqlite_source.hpp"
#include "tests/scenario/sqlite_source/recording_writer.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/sqlite_database.hpp"
#include "tests/support/temporary_directory.hpp"

namespace pgmirror::tests {

/// A SQLite store with the tables that sqlite_writer writes, a state directory, and a source that can be started and
/// stopped. The application's connections are other processes, as in life; connections of the test itself do not
/// outlive a call (descriptors and POSIX locks of one process do not mix well, which SQLite handles, but no application
/// has that).
class FollowedStore {
 public:
  explicit FollowedStore(SqliteDatabase::Journal journal = SqliteDatabase::Journal::wal);
  ~FollowedStore();

  const std::filesystem::path& file() const { return file_; }
  std::filesystem::path state_directory() const { return directory_ / "state"; }
  const TemporaryDirectory& directory() const { return directory_; }
  config::SqliteSource& settings() { return settings_; }
  RecordingWriter& writer() { return writer_; }
  capture::sqlite::SqliteSource& source() { return *source_; }

  /// Opens the source where the recorded transactions end and runs it.
  void start();
  /// Rethrows what the source threw.
  void stop();
  /// Closes the stopped source, and with it all connections of this process.
  void close();
  /// On a connection of its own.
  void sql(const std::string& statements) const;
  std::uint64_t wal_size() const;

  /// Starts sqlite_writer with these arguments behind the file name.
  std::unique_ptr<ChildProcess> start_application(const std::vector<std::string>& arguments) const;
  /// What all durable transactions make of the rows that the snapshot of the first start had.
  RowMirror mirror() const;
  /// Compares mirror() with SQL on the file.
  void expect_same_content() const;
  /// Expects transactions `first`..`last` of sqlite_writer in order, each alone except for `lumps` transactions that
  /// may have healed a gap.
  void expect_ledger(int first, int last, int lumps = 0) const;
  /// Waits until `last` of sqlite_writer is durable.
  bool wait_for_ledger(int last, std::chrono::milliseconds patience = std::chrono::seconds{60}) const;

 private:
  TemporaryDirectory directory_;
  std::filesystem::path file_;
  config::SqliteSource settings_;
  RecordingWriter writer_;
  RowMirror start_;
  bool copied_ = false;
  std::unique_ptr<capture::sqlite::SqliteSource> source_;
  std::optional<change::SourceIdentity> identity_;
  std::exception_ptr failure_;
  std::jthread thread_;
};

/// Waits for an application's end, which must be a good one.
void finish(ChildProcess& application);

}  // namespace pgmirror::tests
