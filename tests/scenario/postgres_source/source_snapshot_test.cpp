#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <pqxx/pqxx>
#include <random>

#include "tests/scenario/postgres_source/followed_server.hpp"
#include "tests/support/eventually.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;

TEST(PostgresSource, SnapshotOfAnIdleSourceIsDurableAtExactlyItsPosition) {
  FollowedServer followed;
  followed.pace.idle_advance = 1h;
  followed.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
  followed.start();
  const auto snapshot = followed.source().open_snapshot();
  ASSERT_TRUE(eventually(30s, [&] { return followed.log().end() >= snapshot->position(); }));
  EXPECT_EQ(followed.log().end(), snapshot->position());
}

TEST(PostgresSource, SnapshotWaitsForOpenTransactionsAndHasThem) {
  FollowedServer followed;
  followed.sql("CREATE TABLE t (id int PRIMARY KEY)");
  followed.start();
  const auto session = followed.open_session();
  auto open = std::make_unique<pqxx::work>(*session);
  open->exec("INSERT INTO t VALUES (1)");
  std::unique_ptr<change::Snapshot> snapshot;
  std::jthread opening([&] { snapshot = followed.source().open_snapshot(); });
  let_time_pass(300ms);
  EXPECT_EQ(snapshot, nullptr);
  open->commit();
  opening.join();
  std::size_t rows = 0;
  snapshot->read(*snapshot->relations().front(), [&](change::Tuple) {
    ++rows;
    return true;
  });
  EXPECT_EQ(rows, 1U);
}

TEST(PostgresSource, SnapshotThatWaitsEndsWhenTheAgentIsToEnd) {
  FollowedServer followed;
  followed.sql("CREATE TABLE t (id int PRIMARY KEY)");
  followed.start();
  const auto session = followed.open_session();
  pqxx::work open(*session);
  open.exec("INSERT INTO t VALUES (1)");
  std::atomic<bool> ended = false;
  std::jthread opening([&] {
    EXPECT_ANY_THROW(followed.source().open_snapshot());
    ended = true;
  });
  ASSERT_TRUE(eventually(30s, [&] {
    return followed.sql("SELECT count(*) FROM pg_stat_replication WHERE application_name = 'pgmirror snapshot'") == "1";
  }));
  EXPECT_FALSE(ended);
  followed.end_run();
  EXPECT_TRUE(eventually(30s, [&] { return ended.load(); }));
  opening.join();
}

/// Plays the log behind the snapshot onto it and compares with what the source has: a row that is in both, or in
/// neither, shows.
TEST(PostgresSource, S11_SnapshotAndWhatFollowsAreTheSource) {
  FollowedServer followed;
  followed.sql("CREATE TABLE t (id int PRIMARY KEY, n int)");
  followed.sql("INSERT INTO t SELECT i, 0 FROM generate_series(1, 200) i");
  followed.start();
  std::jthread writer([&](const std::stop_token& stop) {
    const auto session = followed.open_session();
    std::minstd_rand chance(1);
    for (int n = 1; !stop.stop_requested(); ++n) {
      pqxx::work work(*session);
      const auto id = chance() % 400;
      work.exec(fmt::format("INSERT INTO t VALUES ({0}, {1}) ON CONFLICT (id) DO UPDATE SET n = {1}", id, n));
      work.exec(fmt::format("DELETE FROM t WHERE id = {}", chance() % 400));
      work.exec(fmt::format("UPDATE t SET id = id + 1000 * {0}, n = {0} WHERE id = {1}", n, chance() % 400));
      work.commit();
    }
  });
  struct Copy {
    change::Position position;
    std::map<std::string, std::string> rows;
  };
  std::vector<Copy> copies;
  for (int i = 0; i < 5; ++i) {
    const auto snapshot = followed.source().open_snapshot();
    Copy copy{.position = snapshot->position(), .rows = {}};
    snapshot->read(*snapshot->relations().front(), [&](change::Tuple row) {
      copy.rows.emplace(row[0].bytes(), row[1].bytes());
      return true;
    });
    copies.push_back(std::move(copy));
    let_time_pass(100ms);
  }
  writer.request_stop();
  writer.join();
  ASSERT_TRUE(followed.caught_up());

  std::map<std::string, std::string> source;
  const auto session = followed.open_session();
  for (const auto& row : pqxx::nontransaction(*session).exec("SELECT id, n FROM t"))
    source.emplace(row[0].c_str(), row[1].c_str());
  const auto cells = [](const std::string& text) {
    const auto bar = text.find('|');
    return std::pair{text.substr(0, bar), text.substr(bar + 1)};
  };
  for (Copy& copy : copies) {
    for (const auto& transaction : followed.log().durable_with_changes()) {
      if (transaction.position <= copy.position) continue;
      for (const std::string& change : transaction.changes) {
        const auto open = change.find('[');
        const auto close = change.find(']');
        const auto [first, rest] = cells(change.substr(open + 1, close - open - 1));
        if (change.starts_with("insert")) {
          EXPECT_TRUE(copy.rows.emplace(first, rest).second) << change;
        } else if (change.starts_with("delete")) {
          EXPECT_EQ(copy.rows.erase(first), 1U) << change;
        } else if (const auto second = change.find('[', close); second != std::string::npos) {
          EXPECT_EQ(copy.rows.erase(first), 1U) << change;
          copy.rows.insert(cells(change.substr(second + 1, change.size() - second - 2)));
        } else {
          const auto found = copy.rows.find(first);
          ASSERT_NE(found, copy.rows.end()) << change;
          found->second = rest;
        }
      }
    }
    EXPECT_EQ(copy.rows, source);
  }
}

}  // namespace
}  // namespace pgmirror::tests
