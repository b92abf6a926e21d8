#include <gtest/gtest.h>

#include <string>

#include "capture/sqlite/source_refused.hpp"
#include "tests/scenario/sqlite_source/followed_store.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/process_memory.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;

bool mirrors_the_file(const FollowedStore& store) {
  const RowMirror mirrored = store.mirror();
  return mirrored.table("ledger") == table_by_sql(store.file().string(), "ledger") &&
         mirrored.table("totals") == table_by_sql(store.file().string(), "totals");
}

/// What `sqlite3 app.db ".backup copy.db"` does.
void back_up(const FollowedStore& store, const std::filesystem::path& copy) {
  std::filesystem::remove(copy);
  store.sql("VACUUM INTO '" + copy.string() + "'");
}

void put_in_place(const FollowedStore& store, const std::filesystem::path& copy) {
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(store.file().string() + suffix);
  std::filesystem::rename(copy, store.file());
}

TEST(SqliteGap, BackupRestoredWhileDown) {
  FollowedStore store;
  store.start();
  finish(*store.start_application({"1", "50"}));
  ASSERT_TRUE(store.wait_for_ledger(50));
  store.stop();
  back_up(store, store.directory() / "copy.db");
  store.start();
  finish(*store.start_application({"51", "120"}));
  ASSERT_TRUE(store.wait_for_ledger(120));
  store.stop();
  store.close();
  put_in_place(store, store.directory() / "copy.db");
  store.sql("PRAGMA journal_mode=WAL");
  store.start();
  ASSERT_TRUE(eventually(20s, [&] { return mirrors_the_file(store); }));
  finish(*store.start_application({"51", "60"}));
  ASSERT_TRUE(eventually(20s, [&] { return mirrors_the_file(store); }));
  store.stop();
  EXPECT_EQ(store.mirror().table("ledger").size(), 60U);
}

TEST(SqliteGap, FileReplacedWhileRunning) {
  FollowedStore store;
  back_up(store, store.directory() / "copy.db");
  store.start();
  finish(*store.start_application({"1", "80"}));
  ASSERT_TRUE(store.wait_for_ledger(80));
  // As a restore by hand does it: for a while there is no file at all.
  std::filesystem::remove(store.file());
  let_time_pass(1200ms);
  put_in_place(store, store.directory() / "copy.db");
  store.sql("PRAGMA journal_mode=WAL");
  finish(*store.start_application({"1", "30"}));
  EXPECT_TRUE(eventually(20s, [&] { return mirrors_the_file(store); }));
  finish(*store.start_application({"31", "40"}));
  EXPECT_TRUE(eventually(20s, [&] { return mirrors_the_file(store); }));
  store.stop();
  EXPECT_EQ(store.mirror().table("ledger").size(), 40U);
}

TEST(SqliteGap, PageSizeChangedWhileDown) {
  FollowedStore store;
  store.start();
  finish(*store.start_application({"1", "200"}));
  ASSERT_TRUE(store.wait_for_ledger(200));
  store.stop();
  int last = 200;
  for (const std::string size : {"8192", "512", "65536"}) {
    SCOPED_TRACE(size);
    const std::size_t before = store.writer().durable_count();
    store.close();
    store.sql("PRAGMA journal_mode=DELETE");
    store.sql("PRAGMA page_size=" + size + "; VACUUM; PRAGMA journal_mode=WAL");
    store.sql("UPDATE totals SET n = n + 1 WHERE id = 3");
    store.start();
    ASSERT_TRUE(eventually(20s, [&] { return store.writer().durable_count() == before + 1; }));
    // No other row is another one.
    EXPECT_EQ(store.writer().durable().back().changes.size(), 1U);
    finish(*store.start_application({std::to_string(last + 1), std::to_string(last + 60)}));
    last += 60;
    ASSERT_TRUE(store.wait_for_ledger(last));
    EXPECT_EQ(store.writer().durable_count(), before + 61);
    store.stop();
  }
  store.start();
  store.stop();
  store.expect_same_content();
}

TEST(SqliteGap, PageSizeChangedUnderARollbackJournal) {
  FollowedStore store(SqliteDatabase::Journal::rollback);
  store.start();
  store.sql("INSERT INTO totals VALUES(1001, 1, 0)");
  ASSERT_TRUE(eventually(20s, [&] { return mirrors_the_file(store); }));
  const auto snapshot = store.source().open_snapshot();
  store.sql("PRAGMA page_size=16384; VACUUM; INSERT INTO totals VALUES(1002, 2, 0)");
  EXPECT_TRUE(eventually(20s, [&] { return mirrors_the_file(store); }));
  std::size_t rows = 0;
  for (const change::RelationPtr& relation : snapshot->relations()) {
    if (relation->name == "totals") snapshot->read(*relation, [&](change::Tuple) { return ++rows > 0; });
  }
  EXPECT_EQ(rows, store.mirror().table("totals").size() - 1);
  store.stop();
  store.expect_same_content();
}

TEST(SqliteGap, RollbackJournalStoreIsPolled) {
  FollowedStore store(SqliteDatabase::Journal::rollback);
  store.start();
  finish(*store.start_application({"1", "60", "rate=100"}));
  EXPECT_TRUE(eventually(20s, [&] { return mirrors_the_file(store); }));
  EXPECT_GT(store.writer().durable_count(), 1U);
  EXPECT_EQ(store.wal_size(), 0U);
  // The application changes its mind: from now on there is a WAL to follow.
  store.sql("PRAGMA journal_mode=WAL");
  finish(*store.start_application({"61", "100", "rate=100"}));
  EXPECT_TRUE(eventually(20s, [&] { return mirrors_the_file(store); }));
  store.stop();
}

TEST(SqliteGap, RollbackJournalStoreIsSwitchedWithConsent) {
  FollowedStore store(SqliteDatabase::Journal::rollback);
  store.settings().switch_to_wal = true;
  store.start();
  finish(*store.start_application({"1", "100"}));
  ASSERT_TRUE(store.wait_for_ledger(100));
  store.stop();
  store.expect_ledger(1, 100);
  EXPECT_EQ(SqliteDatabase(store.file(), SqliteDatabase::Journal::as_is).query_value("PRAGMA journal_mode"), "wal");
}

TEST(SqliteGap, HugeTransactionIsOneTransactionInBoundedMemory) {
  FollowedStore store;
  store.writer().keep_rows = false;
  store.start();
  forget_peak_memory();
  const std::int64_t before = peak_memory();
  const ProgramEnd end =
      ChildProcess({.arguments = {"sqlite3", store.file().string(),
                                  "WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < "
                                  "40000) INSERT INTO ledger SELECT i, hex(randomblob(1500)) FROM k;"}})
          .wait(120s);
  ASSERT_EQ(end.exit_code, 0);
  ASSERT_TRUE(eventually(60s, [&] { return store.writer().durable_rows() == 40000; }));
  EXPECT_EQ(store.writer().durable_count(), 1U);
  // 240 MB of pages went through.
  EXPECT_LT(peak_memory() - before, 120);
  store.writer().keep_rows = true;
  finish(*store.start_application({"50001", "50010"}));
  ASSERT_TRUE(store.wait_for_ledger(50010));
  store.stop();
}

TEST(SqliteGap, QueueOfAnotherHistoryIsRefused) {
  FollowedStore store;
  store.start();
  finish(*store.start_application({"1", "10"}));
  ASSERT_TRUE(store.wait_for_ledger(10));
  store.stop();
  store.close();
  const auto open = [&](std::uint64_t end, const std::optional<change::SourceIdentity>& identity) {
    capture::sqlite::SqliteSource(store.settings(), config::TableRules(), store.state_directory(),
                                  change::Position{end}, identity);
  };
  EXPECT_THROW(open(11, change::SourceIdentity{"sqlite:other"}), capture::sqlite::ShadowUnusable);
  EXPECT_THROW(open(99, std::nullopt), capture::sqlite::ShadowUnusable);
  std::filesystem::remove(store.state_directory() / "shadow.pages");
  EXPECT_THROW(open(11, std::nullopt), capture::sqlite::ShadowUnusable);
}

}  // namespace
}  // namespace pgmirror::tests
