#include "capture/sqlite/wal_locks.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "capture/sqlite/sqlite_connection.hpp"
#include "tests/support/sqlite_database.hpp"
#include "tests/support/temporary_directory.hpp"

namespace pgmirror::capture::sqlite {
namespace {

using tests::SqliteDatabase;

/// What the locks allow an application to do, asked of SQLite itself.
class WalLocksTest : public testing::Test {
 protected:
  WalLocksTest() {
    application_.exec("CREATE TABLE t(a); INSERT INTO t VALUES(1)");
    connection_.execute("SELECT count(*) FROM t");
    index_.emplace(connection_.file());
    locks_.emplace(connection_.file(), *index_);
  }

  /// True when a checkpoint copied everything.
  bool checkpoint() {
    application_.query("PRAGMA wal_checkpoint(PASSIVE)");
    const WalState state = index_->read().value();
    return state.backfilled == state.last_frame;
  }
  bool commit_resets() {
    const auto before = index_->read().value().salts;
    application_.exec("INSERT INTO t VALUES(2)");
    return index_->read().value().salts != before;
  }
  std::uint32_t commits() const { return index_->read().value().commits; }

  tests::TemporaryDirectory directory_;
  SqliteDatabase application_{directory_ / "app.db"};
  SqliteConnection connection_{directory_ / "app.db", std::chrono::milliseconds{0}};
  std::optional<WalIndex> index_;
  std::optional<WalLocks> locks_;
};

TEST_F(WalLocksTest, WithoutLocksACommitAfterACheckpointResets) {
  EXPECT_TRUE(checkpoint());
  EXPECT_TRUE(commit_resets());
}

TEST_F(WalLocksTest, GateAllowsCheckpointsButNoReset) {
  EXPECT_EQ(locks_->take_gate(), WalLocks::Gate::free);
  for (int round = 0; round < 5; ++round) {
    EXPECT_TRUE(checkpoint());
    EXPECT_FALSE(commit_resets());
  }
  EXPECT_TRUE(checkpoint());
  EXPECT_EQ(application_.query_value("PRAGMA wal_checkpoint(PASSIVE)"), "0");
  locks_->release_gate();
  EXPECT_TRUE(commit_resets());
}

TEST_F(WalLocksTest, GateOutlivesMarksThatReadersAndCheckpointsLeave) {
  // Readers of several commits leave marks in all slots.
  std::vector<std::unique_ptr<SqliteDatabase>> readers;
  for (int reader = 0; reader < 4; ++reader) {
    application_.exec("INSERT INTO t VALUES(3)");
    readers.push_back(std::make_unique<SqliteDatabase>(directory_ / "app.db", SqliteDatabase::Journal::as_is));
    readers.back()->exec("BEGIN");
    readers.back()->query("SELECT * FROM t");
  }
  EXPECT_EQ(locks_->take_gate(), WalLocks::Gate::limiting);
  readers.clear();
  EXPECT_EQ(locks_->take_gate(), WalLocks::Gate::free);
  EXPECT_TRUE(checkpoint());
  EXPECT_FALSE(commit_resets());
}

TEST_F(WalLocksTest, FloorAllowsOneResetAndNoCheckpoint) {
  EXPECT_TRUE(checkpoint());
  ASSERT_TRUE(locks_->take_floor());
  EXPECT_TRUE(commit_resets());
  EXPECT_FALSE(checkpoint());
  EXPECT_FALSE(commit_resets());
  EXPECT_FALSE(checkpoint());
  EXPECT_FALSE(commit_resets());
  locks_->release_floor();
  EXPECT_TRUE(checkpoint());
}

TEST_F(WalLocksTest, HandingOverFromGateToFloorLetsTheResetThrough) {
  locks_->take_gate();
  EXPECT_TRUE(checkpoint());
  ASSERT_TRUE(locks_->take_floor());
  locks_->release_gate();
  EXPECT_TRUE(commit_resets());
  EXPECT_EQ(locks_->take_gate(), WalLocks::Gate::free);
  locks_->release_floor();
  EXPECT_TRUE(checkpoint());
  EXPECT_FALSE(commit_resets());
}

TEST_F(WalLocksTest, PinStopsCheckpointsAtItsMark) {
  locks_->take_gate();
  EXPECT_TRUE(checkpoint());
  const FrameNumber copied = index_->read().value().backfilled;
  ASSERT_TRUE(locks_->take_pin(copied));
  application_.exec("INSERT INTO t VALUES(4)");
  EXPECT_FALSE(checkpoint());
  EXPECT_EQ(index_->read().value().backfilled, copied);
  locks_->release_pin();
  EXPECT_TRUE(checkpoint());
}

TEST_F(WalLocksTest, TruncateCheckpointWaitsForTheGateOnly) {
  locks_->take_gate();
  SqliteDatabase impatient(directory_ / "app.db", SqliteDatabase::Journal::as_is);
  impatient.exec("PRAGMA busy_timeout=0");
  EXPECT_EQ(impatient.query_value("PRAGMA wal_checkpoint(TRUNCATE)"), "1");
  ASSERT_TRUE(locks_->take_floor());
  locks_->release_gate();
  EXPECT_EQ(impatient.query_value("PRAGMA wal_checkpoint(TRUNCATE)"), "0");
  EXPECT_EQ(index_->read().value().last_frame, 0U);
}

TEST_F(WalLocksTest, CommitsAreCountedAcrossResets) {
  const std::uint32_t before = commits();
  for (int round = 0; round < 10; ++round) {
    application_.exec("INSERT INTO t VALUES(5)");
    if (round % 3 == 0) checkpoint();
    if (round % 5 == 0) application_.query("PRAGMA wal_checkpoint(TRUNCATE)");
    application_.exec("BEGIN; INSERT INTO t VALUES(6); ROLLBACK");
  }
  EXPECT_EQ(commits() - before, 10U);
}

}  // namespace
}  // namespace pgmirror::capture::sqlite
