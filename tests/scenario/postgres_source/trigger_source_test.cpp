#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <pqxx/pqxx>
#include <thread>

#include "capture/postgres/triggers/trigger_source.hpp"
#include "tests/scenario/postgres_source/transaction_log.hpp"
#include "tests/support/connection_text.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::tests {
namespace {

using capture::postgres::triggers::TriggerSource;
using namespace std::chrono_literals;

/// A database followed by triggers into a log of text.
class FollowedByTriggers {
 public:
  explicit FollowedByTriggers(const std::string& before) {
    sql(before);
    settings.method = config::CaptureMethod::triggers;
    source.emplace(settings, config::TableRules{}, state.path(), change::Position{}, std::nullopt);
    log.start_at(source->queue_start());
  }
  ~FollowedByTriggers() {
    thread = {};
    source.reset();
  }

  void sql(const std::string& statements) {
    pqxx::connection connection(connection_string(settings.connection));
    pqxx::nontransaction(connection).exec(statements);
  }
  void run() {
    thread = std::jthread([this](const std::stop_token& stop) { source->run(log, stop); });
  }
  bool has(const std::string& change) {
    return eventually(30s, [&] {
      const auto all = log.changes();
      return std::find(all.begin(), all.end(), change) != all.end();
    });
  }

  config::PostgresSource settings{.connection = shared_postgres().create_database()};
  TemporaryDirectory state;
  TransactionLog log;
  std::optional<TriggerSource> source;
  std::jthread thread;
};

TEST(TriggerSource, TheQueueStopsAtEachSnapshotsPlace) {
  FollowedByTriggers followed("CREATE TABLE t(id int PRIMARY KEY)");
  followed.sql("INSERT INTO t VALUES (1)");
  const auto snapshot = followed.source->open_snapshot();
  followed.sql("INSERT INTO t VALUES (2)");
  followed.run();
  EXPECT_TRUE(followed.has("insert t [2]"));
  std::vector<std::string> until;
  for (const auto& transaction : followed.log.durable()) {
    if (transaction.position > snapshot->position()) break;
    until.insert(until.end(), transaction.changes.begin(), transaction.changes.end());
    if (transaction.position == snapshot->position()) until.emplace_back("here");
  }
  EXPECT_EQ(until, (std::vector<std::string>{"insert t [1]", "here"}));
  std::size_t rows = 0;
  snapshot->read(*snapshot->relations().front(), [&](change::Tuple) { return ++rows > 0; });
  EXPECT_EQ(rows, 1U);
}

TEST(TriggerSource, ASnapshotThatWasLostBeforeItsPlaceWasWrittenMeansACopyOfEverything) {
  FollowedByTriggers followed("CREATE TABLE t(id int PRIMARY KEY); CREATE TABLE u(id int PRIMARY KEY)");
  const auto snapshot = followed.source->open_snapshot();
  followed.sql(
      "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'pgmirror snapshot'");
  followed.run();
  EXPECT_TRUE(followed.has("gap t"));
  EXPECT_TRUE(followed.has("gap u"));
  followed.sql("INSERT INTO t VALUES (1)");
  EXPECT_TRUE(followed.has("insert t [1]"));
}

TEST(TriggerSource, RowsUnderAUniqueIndexGoBeforeOthersCome) {
  FollowedByTriggers followed(
      "CREATE TABLE t(id int PRIMARY KEY, u int UNIQUE); INSERT INTO t VALUES (1, 10), (2, 20)");
  followed.run();
  followed.sql("UPDATE t SET u = -1 WHERE id = 1; UPDATE t SET u = 10 WHERE id = 2; UPDATE t SET u = 20 WHERE id = 1");
  EXPECT_TRUE(followed.has("insert t [1|20]"));
  const auto changes = followed.log.changes();
  ASSERT_EQ(changes.size(), 4U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_TRUE(changes[i].starts_with("delete t")) << changes[i];
  for (std::size_t i = 2; i < 4; ++i) EXPECT_TRUE(changes[i].starts_with("insert t")) << changes[i];
}

TEST(TriggerSource, ALogThatDoesNotAddUpIsNotBelieved) {
  FollowedByTriggers followed("CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1)");
  followed.run();
  followed.sql(
      "BEGIN; INSERT INTO t VALUES (2); INSERT INTO pgmirror.changes SELECT * FROM pgmirror.changes"
      " WHERE xid = txid_current(); COMMIT");
  EXPECT_TRUE(followed.has("gap t"));
}

TEST(TriggerSource, OnlyTheKeyIsLoggedAndNothingForAnUpdateThatChangesNothing) {
  FollowedByTriggers followed(
      "CREATE TABLE t(a text, id int, v text, PRIMARY KEY (id)); INSERT INTO t VALUES ('x', 1)");
  pqxx::connection connection(connection_string(followed.settings.connection));
  pqxx::work work(connection);
  work.exec(
      "UPDATE t SET v = v; UPDATE t SET v = 'long'; INSERT INTO t VALUES ('a,b', 2, 'v'); DELETE FROM t WHERE id = 1");
  const auto rows = work.exec("SELECT concat_ws('|', coalesce(old, '~'), coalesce(new, '~')) FROM pgmirror.changes");
  ASSERT_EQ(rows.size(), 3);
  EXPECT_EQ(rows[0][0].as<std::string>(), "=|(x,1");
  EXPECT_EQ(rows[1][0].as<std::string>(), "~|(\"a,b\",2");
  EXPECT_EQ(rows[2][0].as<std::string>(), "(x,1|~");
}

TEST(TriggerSource, AnIntervalOfMillionsOfRowsKeepsMemoryLow) {
  FollowedByTriggers followed("CREATE TABLE t(id int PRIMARY KEY, v text, u int UNIQUE)");
  followed.log.keep_rows = false;
  followed.sql("INSERT INTO t SELECT g, repeat('x', 500), g FROM generate_series(1, 200000) g");
  const auto resident = [] {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
      std::size_t kilobytes = 0;
      if (word == "VmRSS:" && status >> kilobytes) return kilobytes >> 10U;
    }
    return std::size_t{0};
  };
  const std::size_t before = resident();
  followed.run();
  EXPECT_TRUE(eventually(60s, [&] { return followed.log.rows_begun() >= 200000; }));
  // The rows are 100 MB.
  EXPECT_LT(resident(), before + 40);
}

}  // namespace
}  // namespace pgmirror::tests
