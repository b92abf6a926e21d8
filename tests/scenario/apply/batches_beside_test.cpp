#include <fmt/format.h>

#include <algorithm>

#include "libpq/database_transaction.hpp"
#include "tests/scenario/apply/applied_queue.hpp"

namespace pgmirror::tests {
namespace {

constexpr std::int64_t rows_of_batch = 20'000;  ///< BatchLimits: a first batch with so many is full
constexpr std::int64_t keys = 4'000;
/// BatchGrowth: the largest of so many full batches is full, upon which a second connection is opened.
constexpr std::int64_t changes_far_behind = (1 + 2 + 4 + 8) * rows_of_batch;

/// Enough that batches are full, and applied beside each other: a first one of `rows_of_batch` changes and a second of
/// twice as many, which is as full.
class BatchesBeside : public AppliedQueue {
 protected:
  void SetUp() override {
    std::vector<Row> rows;
    for (std::int64_t id = 1; id <= keys; ++id) rows.push_back({integer(id), integer(id == 1 ? -1 : 0)});
    first_ = source_.table(numbers("first"), {{integer(1), integer(-1)}});
    hot_ = source_.table(numbers("hot"), rows);
    plain_ = source_.table(numbers("plain"));
  }

  void begin() {
    start_and_copy();
    // What the worker has not met before ends a batch.
    source_.transaction([&] {
      source_.update(first_, {integer(1), integer(-1)}, {integer(1), integer(0)});
      source_.update(hot_, {integer(1), integer(-1)}, {integer(1), integer(0)});
      source_.insert(plain_, {integer(-1), integer(-1)});
      source_.remove(plain_, {integer(-1), integer(-1)});
    });
    ASSERT_TRUE(catches_up());
    in_one_batch([&] {
      for (std::int64_t done = 0; done <= changes_far_behind; done += keys)
        source_.transaction([&] { update_hot(0, 0); });
    });
    ASSERT_TRUE(catches_up());
  }
  /// Inserts rows of `plain`, so many that the batch is full.
  void insert_rows(std::int64_t from, std::int64_t count) {
    for (std::int64_t done = 0; done < count; done += keys) {
      source_.transaction([&] {
        for (std::int64_t id = from + done; id < from + std::min(count, done + keys); ++id) {
          source_.insert(plain_, {integer(id), integer(id)});
        }
      });
    }
  }
  /// Every row of `hot` from `before` to `now`.
  void update_hot(std::int64_t before, std::int64_t now) {
    for (std::int64_t id = 1; id <= keys; ++id) {
      source_.update(hot_, {integer(id), integer(before)}, {integer(id), integer(now)});
    }
  }
  /// The same in a transaction, and the ledger of it.
  void heat(std::int64_t before, std::int64_t now) {
    source_.transaction([&] {
      update_hot(before, now);
      write_ledger(now);
    });
  }
  std::vector<std::string> worker_sessions(const std::string& condition) const {
    return rows(
        fmt::format("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE "
                    "'pgmirror worker%' AND {} ORDER BY 1",
                    condition));
  }
  /// Whether its rows are, while the first one waits for a lock.
  bool second_batch_is_there() const {
    return eventually(15s, [&] {
      return worker_sessions("wait_event_type = 'Lock'").size() == 1 &&
             worker_sessions("xact_start IS NOT NULL AND wait_event = 'ClientRead'").size() == 1;
    });
  }
  /// Somebody who keeps the first statement of the first batch waiting.
  void hold_the_first_batch(const std::function<void()>& meanwhile) {
    libpq::Connection people = administer();
    libpq::DatabaseTransaction holding(people);
    people.execute("LOCK TABLE public.first IN SHARE MODE");
    meanwhile();
    holding.commit();
  }
  void touch_first(std::int64_t before, std::int64_t now) {
    source_.transaction([&] { source_.update(first_, {integer(1), integer(before)}, {integer(1), integer(now)}); });
  }

  void write_two_batches() {
    in_one_batch([&] {
      touch_first(0, 1);
      insert_rows(1, rows_of_batch);
      insert_rows(rows_of_batch + 1, 2 * rows_of_batch);
    });
  }

  change::RelationPtr first_;
  change::RelationPtr hot_;
  change::RelationPtr plain_;
};

TEST_F(BatchesBeside, AreAppliedAtOnceButSeenInTheSourcesOrder) {
  begin();
  hold_the_first_batch([&] {
    write_two_batches();
    EXPECT_TRUE(second_batch_is_there()) << "nothing was applied beside the first batch, which waits";
    EXPECT_EQ(count("plain"), 0) << "a later batch is seen before the one that waits";
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(count("plain"), 3 * rows_of_batch);
  EXPECT_EQ(ask("SELECT a FROM first"), "1");
  EXPECT_EQ(status().drifted_rows, 0U);
  EXPECT_EQ(status().retries, 0U);
}

TEST_F(BatchesBeside, RowsOfSeveralBatchesTakeTheirTurns) {
  begin();
  constexpr std::int64_t rounds = 60;
  std::int64_t last = 0;
  bool mixed = false;
  in_one_batch([&] {
    for (std::int64_t round = 1; round <= rounds; ++round) {
      heat(round - 1, round);
      insert_rows(round * keys, keys);
    }
  });
  while (last < rounds) {
    const auto seen =
        rows("SELECT coalesce(max(number), 0), (SELECT min(a) FROM hot), (SELECT max(a) FROM hot) FROM ledger");
    last = std::stoll(seen.front());
    mixed = mixed || seen.front() != fmt::format("{0}|{0}|{0}", last);
    ASSERT_FALSE(mixed) << seen.front();
    ASSERT_EQ(status().retries, 0U) << status().reason;
  }
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(ledger_holds_each_once(rounds));
  EXPECT_EQ(count("plain"), rounds * keys);
  EXPECT_EQ(status().drifted_rows, 0U);
  EXPECT_EQ(status().retries, 0U);
}

TEST_F(BatchesBeside, RowsThatMoveToAnotherKeyTakeTheirTurns) {
  begin();
  in_one_batch([&] {
    for (std::int64_t round = 0; round < 30; ++round) {
      // Each row goes to the place of the next one's, which the batch before has just left.
      source_.transaction([&] {
        for (std::int64_t id = 1; id <= keys; ++id) {
          source_.remove(hot_, {integer(round * keys + id), integer(round)});
          source_.insert(hot_, {integer((round + 1) * keys + id), integer(round + 1)});
        }
      });
    }
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(ask("SELECT concat(count(*), ' ', min(id), ' ', max(id), ' ', min(a), ' ', max(a)) FROM hot"),
            fmt::format("{} {} {} 30 30", keys, 30 * keys + 1, 31 * keys));
  EXPECT_EQ(status().drifted_rows, 0U);
  EXPECT_EQ(status().retries, 0U);
}

TEST_F(BatchesBeside, ASecondConnectionThatIsRefusedIsDoneWithout) {
  connect_as_plain_owner();
  tell(fmt::format("GRANT SET ON PARAMETER session_replication_role TO {0}; ALTER ROLE {0} CONNECTION LIMIT 1",
                   mirror_.connection.user));
  begin();
  in_one_batch([&] { insert_rows(1, 10 * rows_of_batch); });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(count("plain"), 10 * rows_of_batch);
  EXPECT_EQ(status().retries, 0U);
}

/// An index that people make is not known before the table is looked at again.
TEST_F(BatchesBeside, AnIndexMadeMeanwhileMakesNoBatchWaitForEver) {
  begin();
  tell("CREATE UNIQUE INDEX ON plain (a)");
  hold_the_first_batch([&] {
    in_one_batch([&] {
      touch_first(0, 1);
      source_.transaction([&] { source_.insert(plain_, {integer(1), integer(1)}); });
      // No new rows of `plain`, which would go first.
      for (std::int64_t round = 0; round < rows_of_batch / keys; ++round) {
        source_.transaction([&] { update_hot(round, round + 1); });
      }
      // Takes the value that the row of the first batch gives up.
      source_.transaction([&] {
        source_.remove(plain_, {integer(1), integer(1)});
        source_.insert(plain_, {integer(10 * rows_of_batch), integer(1)});
      });
      insert_rows(rows_of_batch + 2, 2 * rows_of_batch);
    });
    ASSERT_TRUE(second_batch_is_there());
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(count("plain"), 2 * rows_of_batch + 1);
  EXPECT_EQ(ask("SELECT id FROM plain WHERE a = 1"), std::to_string(10 * rows_of_batch));
  EXPECT_EQ(status().retries, 1U) << status().reason;
}

TEST_F(BatchesBeside, ALockOfPeopleIsWaitedForWithoutTheSecondBatch) {
  begin();
  hold_the_first_batch([&] {
    write_two_batches();
    ASSERT_TRUE(second_batch_is_there());
    ASSERT_TRUE(eventually(60s, [&] { return status().retries == 1; })) << status().reason;
    EXPECT_TRUE(eventually(30s, [&] {
      return worker_sessions("wait_event_type = 'Lock'").size() == 1 &&
             worker_sessions("xact_start IS NOT NULL").size() == 1;
    }));
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(count("plain"), 3 * rows_of_batch);
  EXPECT_EQ(status().drifted_rows, 0U);
}

TEST_F(BatchesBeside, KillsOfEitherConnectionLoseNothingAndApplyNothingTwice) {
  begin();
  // Each session has to find itself far behind before it opens a second connection.
  constexpr std::int64_t rounds = 200;
  in_one_batch([&] {
    for (std::int64_t round = 1; round <= rounds; ++round) {
      heat(round - 1, round);
      insert_rows(round * keys, keys);
    }
  });
  int killed = 0;
  while (status().position < queue_.end()) {
    // Now the one, now the other.
    const auto sessions = worker_sessions("xact_start IS NOT NULL");
    if (sessions.size() == 2) {
      tell(fmt::format("SELECT pg_terminate_backend({})", sessions[static_cast<std::size_t>(killed++) % 2]));
      if (killed == 6) break;
    }
  }
  ASSERT_TRUE(catches_up());
  EXPECT_GE(killed, 2) << "no two batches at once were seen";
  EXPECT_TRUE(ledger_holds_each_once(rounds));
  EXPECT_EQ(ask("SELECT concat(min(a), ' ', max(a)) FROM hot"), fmt::format("{0} {0}", rounds));
  EXPECT_EQ(count("plain"), rounds * keys);
  EXPECT_EQ(status().drifted_rows, 0U);
}

}  // namespace
}  // namespace pgmirror::tests
