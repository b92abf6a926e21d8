#include <gtest/gtest.h>

#include <algorithm>

#include "tests/scenario/sqlite_source/followed_store.hpp"
#include "tests/support/eventually.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;

int reported(const ChildProcess& application, const std::string& name) {
  const std::string output = application.output();
  const auto at = output.find(name + "=");
  return at == std::string::npos ? -1 : std::stoi(output.substr(at + name.size() + 1));
}

TEST(SqliteFollow, EveryCommitArrivesAsOneTransactionThroughManyResets) {
  FollowedStore store;
  store.start();
  const auto application = store.start_application({"1", "4000", "rate=1500", "autocheckpoint=100"});
  finish(*application);
  ASSERT_TRUE(store.wait_for_ledger(4000));
  store.stop();
  store.expect_ledger(1, 4000);
  store.expect_same_content();
  // Many times as much was written.
  EXPECT_LT(store.wal_size(), 12U << 20U);
}

TEST(SqliteFollow, FlatOutWriterIsFollowedAndItsWalStaysBounded) {
  FollowedStore store;
  store.start();
  const auto application = store.start_application({"1", "30000"});
  std::uint64_t largest = 0;
  while (!application->wait_for(5ms)) largest = std::max(largest, store.wal_size());
  finish(*application);
  ASSERT_TRUE(store.wait_for_ledger(30000));
  store.stop();
  store.expect_ledger(1, 30000, 30);
  store.expect_same_content();
  EXPECT_LT(largest, 64U << 20U);
}

TEST(SqliteFollow, FlatOutWriterThatSeldomCheckpointsKeepsItsWalBounded) {
  FollowedStore store;
  store.start();
  const auto application = store.start_application({"1", "30000", "autocheckpoint=8000"});
  std::uint64_t largest = 0;
  while (!application->wait_for(5ms)) largest = std::max(largest, store.wal_size());
  finish(*application);
  ASSERT_TRUE(store.wait_for_ledger(30000));
  store.stop();
  store.expect_ledger(1, 30000, 30);
  store.expect_same_content();
  // Its own checkpoints begin at 32 MiB; more than 400 MiB were written.
  EXPECT_LT(largest, 96U << 20U);
}

TEST(SqliteFollow, TruncateCheckpointsOfTheApplicationAreDone) {
  FollowedStore store;
  store.start();
  const auto application = store.start_application({"1", "3000", "truncate_every=300", "busy=5000"});
  finish(*application);
  ASSERT_TRUE(store.wait_for_ledger(3000));
  store.stop();
  store.expect_ledger(1, 3000, 3);
  store.expect_same_content();
  EXPECT_EQ(reported(*application, "truncated"), 10);
  EXPECT_EQ(reported(*application, "busy"), 0);
}

TEST(SqliteFollow, TruncateCheckpointsWithoutBusyTimeoutDoNoHarm) {
  FollowedStore store;
  store.start();
  const auto application = store.start_application({"1", "3000", "truncate_every=300", "busy=0"});
  finish(*application);
  ASSERT_TRUE(store.wait_for_ledger(3000));
  store.stop();
  store.expect_ledger(1, 3000, 3);
  store.expect_same_content();
  EXPECT_EQ(reported(*application, "busy"), 0);
}

TEST(SqliteFollow, WalOfAnApplicationThatNeverCheckpointsStaysBounded) {
  FollowedStore store;
  store.start();
  const auto application = store.start_application({"1", "12000", "rate=2500", "autocheckpoint=0"});
  std::uint64_t largest = 0;
  while (!application->wait_for(5ms)) largest = std::max(largest, store.wal_size());
  finish(*application);
  ASSERT_TRUE(store.wait_for_ledger(12000));
  store.stop();
  store.expect_ledger(1, 12000);
  store.expect_same_content();
  // About 190 MB of frames were written.
  EXPECT_LT(largest, 110U << 20U);
  EXPECT_EQ(reported(*application, "busy"), 0);
}

TEST(SqliteFollow, ApplicationMayCloseItsLastConnection) {
  FollowedStore store;
  store.start();
  const auto application = store.start_application({"1", "2000", "reopen_every=50", "autocheckpoint=100"});
  finish(*application);
  ASSERT_TRUE(store.wait_for_ledger(2000));
  store.stop();
  store.expect_ledger(1, 2000, 3);
  store.expect_same_content();
}

TEST(SqliteFollow, TwoWritersAtOnce) {
  FollowedStore store;
  store.start();
  const auto one = store.start_application({"1", "4000", "autocheckpoint=200"});
  const auto two = store.start_application({"100001", "104000", "autocheckpoint=200"});
  finish(*one);
  finish(*two);
  ASSERT_TRUE(eventually(60s, [&] { return store.mirror().table("ledger").size() == 8000; }));
  store.stop();
  store.expect_same_content();
  // But for gaps that were healed.
  EXPECT_GE(store.writer().durable_count(), 7000U);
}

TEST(SqliteFollow, WhatHappenedWhileItWasDownIsOneTransaction) {
  FollowedStore store;
  store.start();
  finish(*store.start_application({"1", "100"}));
  ASSERT_TRUE(store.wait_for_ledger(100));
  store.stop();
  const std::size_t before = store.writer().durable_count();
  finish(*store.start_application({"101", "2000", "autocheckpoint=50"}));
  store.start();
  ASSERT_TRUE(eventually(30s, [&] { return store.writer().durable_count() == before + 1; }));
  finish(*store.start_application({"2001", "2100"}));
  ASSERT_TRUE(store.wait_for_ledger(2100));
  store.stop();
  EXPECT_EQ(store.writer().durable_count(), before + 101);
  store.expect_same_content();
}

TEST(SqliteFollow, VacuumAndSchemaChangesWhileFollowing) {
  FollowedStore store;
  store.start();
  const auto application = store.start_application({"1", "1500", "rate=1000"});
  for (int round = 0; round < 5; ++round) {
    store.sql("VACUUM");
    store.sql("CREATE TABLE extra" + std::to_string(round) + "(id INTEGER PRIMARY KEY, v); INSERT INTO extra" +
              std::to_string(round) + " VALUES(1, 2)");
    let_time_pass(100ms);
  }
  finish(*application);
  ASSERT_TRUE(eventually(30s, [&] { return store.writer().durable_rows() >= 3005; }));
  store.stop();
  store.expect_same_content();
  EXPECT_EQ(store.mirror().table("extra4").size(), 1U);
}

TEST(SqliteFollow, RunsAgainWhereItStopped) {
  FollowedStore store;
  int next = 1;
  for (int round = 0; round < 5; ++round) {
    store.start();
    const auto application =
        store.start_application({std::to_string(next), std::to_string(next + 199), "rate=2000", "autocheckpoint=50"});
    next += 200;
    finish(*application);
    ASSERT_TRUE(store.wait_for_ledger(next - 1));
    store.stop();
  }
  // What the application commits before the first comparison is over belongs to it.
  store.expect_ledger(1, 1000, 5);
  store.expect_same_content();
}

TEST(SqliteFollow, SnapshotIsTheStoreAsOfItsPosition) {
  FollowedStore store;
  store.start();
  const auto application = store.start_application({"1", "5000", "rate=2500"});
  for (int round = 0; round < 6; ++round) {
    const auto snapshot = store.source().open_snapshot();
    const std::uint64_t position = snapshot->position().value;
    std::map<std::string, std::string> totals;
    std::size_t ledger_rows = 0;
    for (const change::RelationPtr& relation : snapshot->relations()) {
      snapshot->read(*relation, [&](change::Tuple) {
        if (relation->name == "ledger") ++ledger_rows;
        return true;
      });
      EXPECT_EQ(snapshot->profile(*relation).rows, relation->name == "ledger" ? ledger_rows : 50U);
    }
    // Position 1 is the empty ledger, and every transaction adds a row to it.
    EXPECT_EQ(ledger_rows, position - 1);
    const auto durable = store.writer().durable();
    EXPECT_GE(durable.empty() ? 1U : durable.back().position, position);
    let_time_pass(150ms);
  }
  finish(*application);
  ASSERT_TRUE(store.wait_for_ledger(5000));
  store.stop();
}

}  // namespace
}  // namespace pgmirror::tests
