#include <fmt/format.h>

#include <functional>
#include <random>
#include <thread>

#include "libpq/database_transaction.hpp"
#include "tests/scenario/native_apply/native_apply.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace pgmirror::tests {
namespace {

constexpr int many = 2'000;  ///< enough for a COPY over a short line
constexpr int too_many_for_a_batch = 20'500;

/// New rows of a batch of many small transactions.
class CopiedRows : public NativeApply {
 protected:
  void begin() {
    start_and_copy();
    meet("-1");
  }
  /// What the worker has not met since its start ends a batch.
  void meet(const std::string& id) {
    native_.transaction([&] {
      native_.insert(keyed_, {id, "met", id});
      native_.insert(lines_, {"met " + id});
      native_.insert(other_, {id, "met"});
    });
    ASSERT_TRUE(catches_up());
  }
  void write(int from, int count) {
    for (int id = from; id < from + count; ++id) {
      native_.transaction([&] {
        native_.insert(keyed_, {std::to_string(id), fmt::format("row\t{}", id), std::nullopt});
        native_.insert(lines_, {fmt::format("line {}", id / 2)});
      });
    }
  }
  /// What the worker's session waits for a lock with.
  std::string waiting_statement() const {
    const std::string waiting =
        "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name"
        " LIKE 'pgmirror worker%'";
    EXPECT_TRUE(eventually(30s, [&] { return ask("SELECT count(*) " + waiting) == "1"; }));
    return ask("SELECT left(regexp_replace(query, '^.*; ', ''), 11) " + waiting);
  }
  /// The statement by which `count` new rows of `keyed` go.
  std::string statement_for(int count) {
    std::string statement;
    write_while_locked(count, [&](libpq::Connection&) { statement = waiting_statement(); });
    return statement;
  }
  /// `meanwhile`: with the session that locks `keyed`.
  void write_while_locked(int count, const std::function<void(libpq::Connection&)>& meanwhile) {
    libpq::Connection people = administer();
    libpq::DatabaseTransaction holding(people);
    people.execute("LOCK TABLE app.keyed IN SHARE MODE");
    in_one_batch([&] { write(1, count); });
    meanwhile(people);
    holding.commit();
  }
  void expect_all_exact() {
    expect_exact(keyed_);
    expect_exact(lines_);
    expect_exact(other_);
  }

  change::RelationPtr keyed_ =
      native_.table("keyed", {{"id", "integer"}, {"text", "text"}, {"number", "integer"}}, {0});
  change::RelationPtr lines_ = native_.table("lines", {{"line", "text"}}, {}, {}, change::ReplicaIdentity::full);
  change::RelationPtr other_ = native_.table("other", {{"id", "integer"}, {"text", "text"}}, {0});
};

TEST_F(CopiedRows, GoWhereTheyAreMany) {
  begin();
  EXPECT_EQ(statement_for(many), "COPY \"app\".");
  expect_all_exact();
}

/// Longer than batches that are applied beside each other may wait for one another.
TEST_F(CopiedRows, WaitForALockAsLongAsItTakes) {
  begin();
  write_while_locked(many, [&](libpq::Connection&) {
    EXPECT_EQ(waiting_statement(), "COPY \"app\".");
    std::this_thread::sleep_for(21s);
    EXPECT_EQ(status().retries, 0U) << status().reason;
  });
  expect_all_exact();
}

TEST_F(CopiedRows, GoByAStatementWhereTheyAreFew) {
  begin();
  EXPECT_EQ(statement_for(50), "INSERT INTO");
  expect_all_exact();
}

TEST_F(CopiedRows, GoByAStatementOverALongLine) {
  TcpProxy line(mirror_.connection);
  line.delay_each_way(20ms);
  mirror_.connection = line.settings();
  begin();
  EXPECT_EQ(statement_for(many), "INSERT INTO");
  expect_all_exact();
}

TEST_F(CopiedRows, GoByAStatementWhereRowSecurityRefusesCopy) {
  connect_as_plain_owner();
  tell(fmt::format("GRANT SET ON PARAMETER session_replication_role TO {}", mirror_.connection.user));
  begin();
  stop();
  tell(
      "ALTER TABLE app.keyed ENABLE ROW LEVEL SECURITY; ALTER TABLE app.keyed FORCE ROW LEVEL SECURITY;"
      "CREATE POLICY all_rows ON app.keyed USING (true)");
  start();
  meet("-2");
  EXPECT_EQ(statement_for(many), "INSERT INTO");
  native_.transaction([&] {
    for (int id = many + 1; id < many + too_many_for_a_batch; ++id)
      native_.insert(keyed_, {std::to_string(id), "at once", "1"});
  });
  expect_all_exact();
}

/// In tables with rows that come, change, take another key and go, and those of which there are several.
TEST_F(CopiedRows, ComeWithAllElseOfTheirBatch) {
  begin();
  std::mt19937 random(17);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  int id = 1;
  for (int batch = 0; batch < 5; ++batch) {
    in_one_batch([&] {
      for (int step = 0; step < 200; ++step) {
        write(id, 10);
        id += 10;
        native_.transaction([&] {
          auto rows = native_.rows_now(keyed_);
          const Printed changed = rows[below(rows.size())];
          native_.update(keyed_, changed, {changed[0], "changed", std::to_string(step)});
        });
        native_.transaction([&] {
          auto rows = native_.rows_now(keyed_);
          native_.remove(keyed_, rows[below(rows.size())]);
          native_.insert(other_, {std::to_string(id), "other"});
          auto lines = native_.rows_now(lines_);
          if (batch % 2 == 1) native_.remove(lines_, lines[below(lines.size())]);
        });
        if (batch < 3) continue;
        native_.transaction([&] {
          auto rows = native_.rows_now(keyed_);
          const Printed moved = rows[below(rows.size())];
          native_.update(keyed_, moved, {std::to_string(-id), moved[1], moved[2]}, {1});
        });
      }
    });
    expect_all_exact();
  }
}

TEST_F(CopiedRows, GoBehindTheRowsWhoseUniqueValuesTheyTake) {
  begin();
  stop();
  tell("CREATE UNIQUE INDEX ON app.keyed (number)");
  start();
  meet("-2");
  in_one_batch([&] {
    native_.transaction([&] {
      native_.remove(keyed_, {"-2", "met", "-2"});
      native_.insert(keyed_, {"-3", "behind", "-2"});
    });
    write(1, many);
  });
  expect_all_exact();
}

/// The mirror has such a row already, which somebody wrote: it makes way, as where rows go one by one.
TEST_F(CopiedRows, ThatAreRefusedAreTriedAgainOneByOne) {
  begin();
  tell("INSERT INTO app.keyed VALUES (7, 'of somebody')");
  in_one_batch([&] { write(1, many); });
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(holds_what_the_source_has(keyed_));
  EXPECT_TRUE(holds_what_the_source_has(lines_));
  EXPECT_EQ(status().drifted_rows, 1U);
}

TEST_F(CopiedRows, ComeOnceWhereTheSessionIsEnded) {
  begin();
  write_while_locked(many, [&](libpq::Connection& people) {
    EXPECT_EQ(waiting_statement(), "COPY \"app\".");
    people.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND"
        " wait_event_type = 'Lock'");
  });
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(holds_what_the_source_has(keyed_));
  EXPECT_TRUE(holds_what_the_source_has(lines_));
  EXPECT_EQ(status().drifted_rows, 0U);
}

TEST_F(CopiedRows, ComeOnceWhereverTheLineBreaks) {
  TcpProxy line(mirror_.connection);
  mirror_.connection = line.settings();
  begin();
  int id = 1;
  for (std::uint64_t message = 1; message <= 12; ++message) {
    in_one_batch([&] {
      write(id, many);
      id += many;
      // The worker asks nothing while it is held.
      message % 2 == 0 ? line.cut_after_frontend_messages(message) : line.lose_answer_after_frontend_messages(message);
    });
    ASSERT_TRUE(catches_up());
    EXPECT_EQ(ask("SELECT count(*) FROM app.lines"), std::to_string(id));
  }
  EXPECT_TRUE(holds_what_the_source_has(keyed_));
  EXPECT_TRUE(holds_what_the_source_has(lines_));
  EXPECT_EQ(status().drifted_rows, 0U);
  EXPECT_GE(status().retries, 6U);
}

}  // namespace
}  // namespace pgmirror::tests
